import { beforeEach, describe, expect, test } from 'vitest';
import { proofActivities } from '../../activities/proofs.js';
import { parseMarker, renderMarker } from '../../adapters/host/marker.js';
import type { OperationContext } from '../../model/operation.js';
import { activityEnvironment, testRun } from '../support/activity-environment.js';
import { etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { sectioned } from '../support/fake-host.js';
import { certificateAuthority } from '../support/kubelet-certificates.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';

const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';
const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';
const context = operationContext();
const init = operationContext({ kind: 'init' });
const worker = operationContext({ kind: 'join-worker' });
const labelled = (name: string) =>
  nodeFacts(name, { labels: { [controlPlaneLabel]: '', [excludeLabel]: '', 'kubernetes.io/hostname': name } });
const noNetwork = {
  ready: false,
  notReadyBecause:
    'KubeletNotReady: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
};

let cluster: SimulatedCluster;
beforeEach(() => {
  cluster = simulatedCluster();
  for (const name of ['cp1', 'cp3']) cluster.nodes.set(name, labelled(name));
  cluster.nodes.set('w2', nodeFacts('w2'));
});
const proveControlPlane = (of: OperationContext = context): Promise<string> =>
  activityEnvironment().run(() => proofActivities(cluster.dependencies).proveControlPlane(of));

describe('a control plane', () => {
  test('is proven by its member, its static Pods and its Node; nothing is set that is there', async () => {
    expect(await proveControlPlane()).toBe(
      `started voter cp3 (id ${etcdMember('cp3').id}) of 3, /readyz and static Pods ok, Node Ready (v1.37.1)`,
    );
    expect(cluster.events).toEqual([]);
  });

  describe('R1: ends the attempt', () => {
    const own = { operation: context.operation, run: testRun, cluster: 'prod', at: '', state: 'begun' } as const;
    test('on the marker: what is on the host is nobody’s attempt any more', async () => {
      cluster.target.marker = `${renderMarker(own)}\n`;
      await proveControlPlane();
      expect(parseMarker(cluster.target.marker)).toMatchObject({
        operation: own.operation,
        run: testRun,
        state: 'joined',
      });
    });
    test.each([
      ['of an earlier run', { ...own, run: 'r0' }],
      ['of another operation', { ...own, operation: 'prod/join-control-plane/cp3/k2' }],
    ])('and leaves a marker %s as it is', async (_, marker) => {
      cluster.target.marker = `${renderMarker(marker)}\n`;
      await proveControlPlane();
      expect(parseMarker(cluster.target.marker)).toEqual(marker);
    });
    test('and makes no marker on a host that had joined before', async () => {
      await proveControlPlane();
      expect(cluster.target.marker).toBeUndefined();
    });
    test('only when it succeeds', async () => {
      cluster.target.marker = `${renderMarker(own)}\n`;
      cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
      await expect(proveControlPlane()).rejects.toMatchObject({ type: 'MemberNotVoter' });
      expect(parseMarker(cluster.target.marker)).toEqual(own);
    });
  });

  test('R10: is proven by its member at an address of IPv6, however that is spelt', async () => {
    const six = operationContext({ target: { name: 'cp3', address: '2001:db8::13', labels: {} } });
    cluster.members = [
      etcdMember('cp1'),
      etcdMember('cp2'),
      etcdMember('cp3', { peerUrls: ['https://[2001:DB8:0:0::13]:2380'] }),
    ];
    expect(await proveControlPlane(six)).toMatch(/^started voter cp3 /);
  });

  const { name: _name, status: _status, ...never } = etcdMember('cp3');
  const { status: _, ...silent } = etcdMember('cp3');
  test.each([
    ['is not in the member list', []],
    ['is a learner', [etcdMember('cp3', { isLearner: true })]],
    ['never started', [{ ...never, clientUrls: [] }]],
    ['does not answer', [silent]],
    // Its name proves nothing: another machine may carry it.
    ['is not in the member list', [etcdMember('cp3', { peerUrls: ['https://10.203.0.77:2380'] })]],
  ])('whose member %s is not', async (seen, ours) => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), ...ours];
    await expect(proveControlPlane()).rejects.toMatchObject({
      type: 'MemberNotVoter',
      message: `the etcd member of cp3 ${seen}`,
      details: { host: 'cp3' },
    });
  });

  test('with a learner tells the gap that is left', async () => {
    const status = { ...etcdMember('cp3').status!, raftAppliedIndex: 9_000 };
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), etcdMember('cp3', { isLearner: true, status })];
    await expect(proveControlPlane()).rejects.toMatchObject({
      details: { evidence: expect.arrayContaining(['raft log: leader 12000, member 9000']) },
    });
  });

  test('is proven by a survivor, not by what its own etcd says', async () => {
    await proveControlPlane();
    const asked = ['cp1', 'cp2', 'cp3'].filter((name) =>
      cluster.host(name).runs.some(({ script }) => script.includes('member list')),
    );
    expect(asked).toEqual(['cp1']);
  });

  test('whose static Pods do not answer is not', async () => {
    cluster.apiServers.set('cp3', 'not-ready');
    await expect(proveControlPlane()).rejects.toMatchObject({
      type: 'ControlPlaneNotReady',
      details: { evidence: ['etcd /health answers 000'] },
    });
  });

  test('gets the labels and taints that kubeadm did not set', async () => {
    cluster.nodes.set('cp3', nodeFacts('cp3', { taints: [] }));
    const of = operationContext({ target: { name: 'cp3', address: '10.203.0.13', labels: { zone: 'a' } } });
    await proveControlPlane(of);
    expect(cluster.events).toEqual([
      `cp3: label node cp3 '${controlPlaneLabel}=' '${excludeLabel}=' 'zone=a'`,
      `cp3: taint node cp3 '${controlPlaneLabel}=:NoSchedule'`,
    ]);
  });

  test('gets no default taint where the specification says which it has', async () => {
    cluster.nodes.set('cp3', { ...labelled('cp3'), taints: ['team=db:NoExecute'] });
    const taints = [
      { key: 'team', value: 'db', effect: 'NoExecute' },
      { key: 'other', effect: 'NoSchedule' },
    ];
    await proveControlPlane(operationContext({ target: { name: 'cp3', address: '10.203.0.13', labels: {}, taints } }));
    expect(cluster.events).toEqual(["cp3: taint node cp3 'other=:NoSchedule'"]);
  });
});

describe('S8: the Node of another machine is no proof', () => {
  const impatient = { ...context.policy, readyBudgetMs: 0 };

  test('of a control plane, though it is Ready and has the name', async () => {
    cluster.nodes.set('cp3', { ...labelled('cp3'), machineId: 'ee'.repeat(16) });
    await expect(proveControlPlane({ ...context, policy: impatient })).rejects.toMatchObject({
      type: 'IdentityConflict',
      message: 'Node cp3 is of another machine than cp3',
      details: { evidence: expect.arrayContaining([expect.stringContaining(`machine-id ${'ee'.repeat(16)}`)]) },
    });
    expect(cluster.events.filter((event) => event.includes('label'))).toEqual([]);
  });

  test('of a worker neither', async () => {
    cluster.target.machineId = nodeFacts('w2').machineId;
    cluster.nodes.set('w2', nodeFacts('w2', { machineId: 'ee'.repeat(16) }));
    const ca = certificateAuthority('kubernetes');
    cluster.instead = (host, { script }) =>
      host === 'w2' && script.includes('kubelet-client-current.pem')
        ? sectioned(script, { ca: ca.pem, kubelet: ca.kubelet('w2') })
        : undefined;
    await expect(
      activityEnvironment().run(() =>
        proofActivities(cluster.dependencies).proveWorker({ ...worker, policy: impatient }),
      ),
    ).rejects.toMatchObject({ type: 'IdentityConflict' });
  });

  test('what an earlier machine has left is waited out', async () => {
    cluster.nodes.set('cp3', { ...labelled('cp3'), machineId: 'ee'.repeat(16) });
    const proving = proveControlPlane({ ...context, policy: { ...context.policy, readyBudgetMs: 20_000 } });
    let registered = false;
    setTimeout(() => {
      cluster.nodes.set('cp3', labelled('cp3'));
      registered = true;
    }, 600);
    expect(await proving).toContain('Node Ready');
    expect(registered).toBe(true);
  });

  test('of a host without a machine-id, unless it has the address', async () => {
    cluster.target.machineId = '';
    expect(await proveControlPlane({ ...context, policy: impatient })).toContain('Node Ready');
    cluster.nodes.set('cp3', { ...labelled('cp3'), internalIp: '10.203.0.77' });
    await expect(proveControlPlane({ ...context, policy: impatient })).rejects.toMatchObject({
      type: 'IdentityConflict',
    });
  });
});

describe('a Node that lacks nothing but its network', () => {
  test('is as far as an init can come, before a CNI plugin is applied', async () => {
    cluster.members = [etcdMember('cp1')];
    cluster.target.machineId = nodeFacts('cp1').machineId;
    cluster.nodes.set('cp1', { ...labelled('cp1'), ...noNetwork });
    const of = { ...init, policy: { ...init.policy, readyBudgetMs: 10_000 } };
    expect(await proveControlPlane(of)).toMatch(/Node registered \(v1\.37\.1\), Ready once a CNI plugin is applied$/);
  });

  test('is not ready after a join', async () => {
    cluster.nodes.set('cp3', { ...labelled('cp3'), ...noNetwork });
    // Longer than what an init waits before it accepts it.
    await expect(
      proveControlPlane({ ...context, policy: { ...context.policy, readyBudgetMs: 3_500 } }),
    ).rejects.toMatchObject({
      type: 'NodeNotReady',
      details: { remedy: expect.stringContaining('CNI plugin') },
    });
  });
});

describe('a worker', () => {
  beforeEach(() => void (cluster.target.machineId = nodeFacts('w2').machineId));
  const proveWorker = (): Promise<string> =>
    activityEnvironment().run(() => proofActivities(cluster.dependencies).proveWorker(worker));
  /** What its host shows of the CA that it trusts and of the kubelet's certificate. */
  const shows = (ca: string, kubelet: string): void => {
    cluster.instead = (host, { script }) =>
      host === 'w2' && script.includes('kubelet-client-current.pem') ? sectioned(script, { ca, kubelet }) : undefined;
  };

  test('is proven by its Node and a client certificate that the cluster issued', async () => {
    const ca = certificateAuthority('kubernetes');
    shows(ca.pem, ca.kubelet('w2'));
    expect(await proveWorker()).toBe(
      "Node Ready (v1.37.1), client certificate CN=system:node:w2,O=system:nodes of this cluster's CA",
    );
    expect(cluster.events).toEqual([]);
  });

  test('without a certificate is stuck in its bootstrap', async () => {
    shows(certificateAuthority('kubernetes').pem, '');
    await expect(proveWorker()).rejects.toMatchObject({
      type: 'TlsBootstrapStuck',
      details: { host: 'w2', evidence: ['no certificate'] },
    });
  });

  test('with the certificate of another CA of the same name is not proven, though its Node is Ready', async () => {
    shows(certificateAuthority('kubernetes').pem, certificateAuthority('kubernetes').kubelet('w2'));
    await expect(proveWorker()).rejects.toMatchObject({
      type: 'TlsBootstrapStuck',
      details: { evidence: ['certificate of CN=system:node:w2,O=system:nodes'] },
    });
  });

  test('whose Node does not come is asked for at a control plane: it has no API server', async () => {
    cluster.apiServers.set('cp1', 'not-ready');
    cluster.nodes.delete('w2');
    shows('', '');
    await expect(proveWorker()).rejects.toMatchObject({
      type: 'NodeNotReady',
      message: 'there is no Node w2 after 0 s',
    });
    expect(cluster.host('cp2').runs.some(({ script }) => script.includes('/api/v1/nodes/w2'))).toBe(true);
  });

  test('gets its labels, and no taint of a control plane', async () => {
    const ca = certificateAuthority('kubernetes');
    shows(ca.pem, ca.kubelet('w2'));
    const target = { name: 'w2', address: '10.203.0.22', labels: { zone: 'a' } };
    const of = operationContext({ kind: 'join-worker', target });
    await activityEnvironment().run(() => proofActivities(cluster.dependencies).proveWorker(of));
    expect(cluster.events).toEqual([`cp1: label node w2 'zone=a'`]);
  });
});
