import { describe, expect, it } from 'vitest';
import type { ClusterFacts } from '../../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import { isLivingNode, livingAttempt, livingFindings } from '../../../model/preflight/living.js';
import { caHash, clusterFacts, etcdMember, hostFacts, nodeFacts, operationContext } from '../../support/facts.js';
import { joinWorker, texts, verdicts, world } from './world.js';

const active = { enabled: 'enabled', active: 'active' } as const;
/** cp3 as a worker of this cluster, which works. */
const works: Partial<HostFacts> = {
  kubelet: active,
  kubernetesFiles: ['/etc/kubernetes/kubelet.conf', '/etc/kubernetes/pki/ca.crt'],
  kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', server: 'https://10.203.0.10:6443', caHash }],
  pkiCaHash: caHash,
  kubeletStatePresent: true,
};
const withNode = (node: Partial<ClusterFacts['nodes'][number]> = {}): Partial<ClusterFacts> => ({
  nodes: [nodeFacts('cp1'), nodeFacts('cp2'), nodeFacts('cp3', { controlPlane: false, ...node })],
});
const whenOurs = operationContext({ policy: { resetDirtyHosts: 'when-ours' } });

describe('R4: a host that does work for the cluster in another way', () => {
  it('is taken out by hand first: a Ready Node whose kubelet runs is never reset, whatever the policy', () => {
    const one = world(whenOurs, works, withNode());
    expect(verdicts(one)).toEqual(['fatal IdentityConflict']);
    expect(texts(one)[0]).toMatch(
      /^cp3 is the Ready Node cp3 of prod and its kubelet runs, but it is not yet a control-plane host \| correct the role of spec\.hosts\.cp3, or take it out first: `kubectl drain cp3`/,
    );
  });

  it.each([
    [
      'its kubelet does not run: the Node stays Ready for most of a minute',
      { ...works, kubelet: hostFacts().kubelet },
      {},
    ],
    ['it is not Ready', works, { ready: false }],
    ['there is no such Node', works, { name: 'w9', machineId: 'aa', internalIp: '10.203.0.99' }],
    [
      'this run has begun it and has not proven it',
      {
        ...works,
        marker: { operation: whenOurs.operation, run: 'r', cluster: 'prod', state: 'begun', ofThisRun: true },
      },
      {},
    ],
  ] as const)('is only remembered when %s', (_, host, node) => {
    expect(verdicts(world(whenOurs, host, withNode(node)))).toEqual([]);
  });

  it.each(['joined', 'resetting', undefined] as const)('is no attempt with a marker that says %s', (state) => {
    const marker = { operation: 'prod/join-worker/cp3/k0', run: 'r', cluster: 'prod', state, ofThisRun: false };
    expect(verdicts(world(whenOurs, { ...works, marker }, withNode()))).toEqual(['fatal IdentityConflict']);
  });

  it('that an operation began and never proved is asked about: nobody loses it', () => {
    const marker = { operation: 'prod/join-control-plane/cp3/k0', run: 'r', cluster: 'prod', state: 'begun' } as const;
    const host = hostFacts({ ...works, marker });
    const cluster = clusterFacts(withNode());
    expect(livingAttempt(whenOurs, host, cluster)?.uid).toBe(nodeFacts('cp3').uid);
    expect(livingFindings(whenOurs, host, cluster)).toEqual([]);
    expect(verdicts(world(whenOurs, { ...works, marker }, withNode()))).toEqual(['approval DirtyHost']);
    // Of an operation of another cluster it is somebody else's.
    const foreign = { ...works, marker: { ...marker, cluster: 'test' } };
    expect(verdicts(world(whenOurs, foreign, withNode()))).toEqual(['fatal IdentityConflict']);
  });

  it('that is a voter does not become a worker', () => {
    const context = operationContext({ kind: 'join-worker', host: 'cp2', policy: { resetDirtyHosts: 'when-ours' } });
    // Its kubelet is stopped, its etcd serves on.
    const host = {
      ...works,
      kubelet: hostFacts().kubelet,
      etcdDataPresent: true,
      machineId: nodeFacts('cp2').machineId,
    };
    const one = world(context, host, { nodes: [nodeFacts('cp1'), nodeFacts('cp2', { ready: false })] });
    expect(verdicts(one)[0]).toBe('fatal IdentityConflict');
    expect(texts(one)[0]).toContain(`cp2 is the etcd member cp2 (id ${etcdMember('cp2').id}) of prod`);
    expect(texts(one)[0]).toContain(`\`etcdctl member remove ${etcdMember('cp2').id}\` while the others are healthy`);
  });

  it('that is a proven member already is only proven again', () => {
    const worker = joinWorker();
    const node = nodeFacts('w2');
    const host = { ...works, machineId: node.machineId };
    const nodes = [nodeFacts('cp1'), nodeFacts('cp2'), node];
    expect(livingFindings(worker, hostFacts(host), clusterFacts({ nodes }))).toEqual([]);
  });
});

describe('isLivingNode', () => {
  const host = hostFacts({ kubelet: active });
  it.each([
    ['Ready, of this machine, its kubelet runs', nodeFacts('cp3'), host, true],
    ['not Ready', nodeFacts('cp3', { ready: false }), host, false],
    ['of another machine', nodeFacts('cp3', { machineId: 'aa' }), host, false],
    ['its kubelet does not run', nodeFacts('cp3'), hostFacts(), false],
  ])('%s', (_, node, on, expected) => expect(isLivingNode(node, on)).toBe(expected));
});
