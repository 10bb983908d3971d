import { describe, expect, it } from 'vitest';
import type { ClusterFacts } from '../../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import type { OperationContext } from '../../../model/operation.js';
import { alreadyJoined, describeDirt } from '../../../model/preflight/dirt.js';
import {
  caHash,
  clusterFacts,
  etcdMember,
  hostFacts,
  nodeFacts,
  operationContext,
  otherCaHash,
} from '../../support/facts.js';
import { check, init, joinWorker, verdicts, world } from './world.js';

const other = 'https://10.9.0.5:6443';
const kubeletConf = (server: string, hash: string): HostFacts['kubeconfigs'][number] => ({
  file: '/etc/kubernetes/kubelet.conf',
  server,
  caHash: hash,
});
/** The host of the design page: a node of another cluster whose kubelet still runs. */
const foreign = (answers: boolean): Partial<HostFacts> => ({
  kubernetesFiles: Array.from({ length: 9 }, (_, index) => `/etc/kubernetes/pki/file${index}`),
  kubeconfigs: [kubeletConf(other, otherCaHash)],
  pkiCaHash: otherCaHash,
  kubeletStatePresent: true,
  kubelet: { enabled: 'disabled', active: 'active' },
  listeners: [{ port: 10250, process: 'kubelet', pid: 811, unit: 'kubelet.service' }],
  cniFiles: ['/etc/cni/net.d/10-flannel.conflist'],
  packetFilterRules: 34,
  homeKubeconfigs: [
    { file: '/root/.kube/config', server: other, caHash: otherCaHash },
    { file: '/home/ann/.kube/config', server: 'https://elsewhere:6443', caHash: `sha256:${'ee'.repeat(32)}` },
  ],
  foreignServerAnswers: { [other]: answers },
});
const ours: Partial<HostFacts> = {
  kubernetesFiles: ['/etc/kubernetes/kubelet.conf', '/etc/kubernetes/pki/ca.crt'],
  kubeconfigs: [kubeletConf('https://10.203.0.10:6443', caHash)],
  pkiCaHash: caHash,
};
const policy = (resetDirtyHosts: 'never' | 'approve' | 'when-ours'): OperationContext =>
  operationContext({ policy: { resetDirtyHosts } });
const dirt = (
  host: Partial<HostFacts>,
  context = operationContext(),
  cluster: ClusterFacts | undefined = clusterFacts(),
) => describeDirt(context, hostFacts(host), cluster);

describe('describeDirt', () => {
  it('a fresh host is clean', () => expect(dirt({})).toBeUndefined());

  it('the manifest of kube-vip, which is put there before the first join, does not make it dirty', () => {
    const file = '/etc/kubernetes/manifests/kube-vip.yaml';
    const kubeVip = { file, kubeconfig: '/etc/kubernetes/super-admin.conf' };
    expect(dirt({ kubernetesFiles: [file], kubeVip })).toBeUndefined();
    expect(dirt({ kubernetesFiles: [file] })).toMatchObject({ found: ['/etc/kubernetes (1 file)'] });
  });

  it('network leftovers alone do not make a host dirty', () => {
    expect(
      dirt({
        cniFiles: ['/etc/cni/net.d/87-podman.conflist'],
        cniLinks: ['cni0'],
        packetFilterRules: 12,
        homeKubeconfigs: [{ file: '/root/.kube/config', server: other, caHash: otherCaHash }],
      }),
    ).toBeUndefined();
  });

  it('but are told, and with the policy make one, to be cleaned as any other', () => {
    const left = { cniFiles: ['/etc/cni/net.d/10-old.conflist'], cniLinks: ['cni0'], packetFilterRules: 2 };
    const [found] = check(world(joinWorker(), left));
    expect(found).toMatchObject({
      severity: 'warning',
      code: 'DirtyHost',
      message:
        'w2 keeps what looks like the network of an earlier node: /etc/cni/net.d (1 file), network link cni0, 2 packet-filter rules; Pods there may not reach others',
      remedy: expect.stringContaining('policy.networkLeftovers: clean') as string,
      evidence: ['found: /etc/cni/net.d/10-old.conflist', 'found: network link cni0'],
    });
    const cleaning = operationContext({ policy: { networkLeftovers: 'clean' } });
    expect(verdicts(world(cleaning, left))).toEqual(['approval DirtyHost']);
    expect(check(world(cleaning, left))[0]?.message).toMatch(/^cp3 keeps the network of an earlier node: /);
    expect(verdicts(world(cleaning))).toEqual([]);
  });

  it("an operator's own files below /etc/kubernetes do not either, and are not counted", () => {
    const own = ['/etc/kubernetes/audit-policy.yaml', '/etc/kubernetes/encryption/config.yaml'];
    expect(dirt({ kubernetesFiles: own })).toBeUndefined();
    expect(dirt({ kubernetesFiles: [...own, '/etc/kubernetes/scheduler.conf'] })?.found).toEqual([
      '/etc/kubernetes (1 file)',
    ]);
  });

  it('a marker alone, an enabled kubelet and a package’s empty folders do not either', () => {
    expect(
      dirt({
        marker: { operation: 'prod/init/cp3/k', cluster: 'prod' },
        kubelet: { enabled: 'enabled', active: 'activating' },
      }),
    ).toBeUndefined();
  });

  it.each<[string, Partial<HostFacts>, string]>([
    ['files', { kubernetesFiles: ['/etc/kubernetes/manifests/etcd.yaml'] }, '/etc/kubernetes (1 file)'],
    ['etcd data', { etcdDataPresent: true }, '/var/lib/etcd (data of an etcd member)'],
    ['state of the kubelet', { kubeletStatePresent: true }, '/var/lib/kubelet'],
    ['a mount', { kubeletMounts: ['/var/lib/kubelet/pods/x'] }, '1 mount below /var/lib/kubelet'],
    [
      'a kubelet that runs',
      { kubelet: { enabled: 'enabled', active: 'active' } },
      'kubelet.service is active (started at boot)',
    ],
    [
      'an API server',
      { listeners: [{ port: 6443, process: 'kube-apiserver', pid: 7 }] },
      'kube-apiserver (pid 7) listens on 6443',
    ],
    [
      'an etcd',
      {
        listeners: [
          { port: 2379, process: 'etcd', pid: 8 },
          { port: 2380, process: 'etcd', pid: 8 },
        ],
      },
      'etcd (pid 8) listens on 2379 and 2380',
    ],
  ])('%s make a host dirty', (_, host, found) => {
    expect(dirt(host)).toEqual({ ours: false, found: [found] });
  });

  it('lists what a reset would stop and delete, and leaves an administrator’s kubeconfig out', () => {
    expect(dirt(foreign(false))).toEqual({
      ours: false,
      foreign: { server: other, caHash: otherCaHash, alive: false },
      found: [
        'kubelet (pid 811, unit kubelet.service, disabled for boot) listens on 10250',
        '/etc/kubernetes (9 files)',
        '/var/lib/kubelet',
        '/etc/cni/net.d (1 file)',
        '34 packet-filter rules',
        '/root/.kube/config',
      ],
    });
  });

  it('groups CNI files by folder and names links', () => {
    const found = dirt({
      etcdDataPresent: true,
      cniFiles: ['/etc/cni/net.d/a', '/etc/cni/net.d/b', '/var/lib/cni/networks/cbr0/10.1.1.1'],
      cniLinks: ['cni0', 'flannel.1'],
      packetFilterRules: 1,
    })?.found;
    expect(found?.slice(1)).toEqual([
      '/etc/cni/net.d (2 files)',
      '/var/lib/cni (1 file)',
      'network links cni0, flannel.1',
      '1 packet-filter rule',
    ]);
  });

  it('is ours by the CA', () => expect(dirt(ours)).toMatchObject({ ours: true }));

  it('is ours by the marker when there is no CA', () => {
    const marker = { operation: 'prod/join-worker/cp3/k', cluster: 'prod' };
    expect(dirt({ kubeletStatePresent: true, marker })).toMatchObject({ ours: true });
    expect(dirt({ kubeletStatePresent: true, marker: { ...marker, cluster: 'dev' } })).toEqual({
      ours: false,
      foreign: { server: 'unknown', caHash: 'unknown', alive: false },
      found: ['/var/lib/kubelet'],
    });
  });

  it('is ours when the cluster was given another name but has the same CA', () => {
    expect(dirt({ ...ours, marker: { operation: 'old/x/y/z', cluster: 'old', caHash } })).toMatchObject({ ours: true });
  });

  it('is foreign when anything on the host trusts another CA, whatever the marker says', () => {
    const marker = { operation: 'prod/join-worker/cp3/k', cluster: 'prod', caHash };
    expect(dirt({ ...ours, marker, pkiCaHash: otherCaHash })).toMatchObject({
      ours: false,
      foreign: { caHash: otherCaHash },
    });
    expect(
      dirt({
        ...ours,
        marker,
        kubeconfigs: [...ours.kubeconfigs!, { file: '/etc/kubernetes/admin.conf', server: other, caHash: otherCaHash }],
      }),
    ).toMatchObject({
      ours: false,
      foreign: { server: other, caHash: otherCaHash },
    });
  });

  it('does not judge by kubeconfigs that kubeadm did not write', () => {
    expect(
      dirt({
        ...ours,
        kubeconfigs: [
          ...ours.kubeconfigs!,
          { file: '/etc/kubernetes/monitoring.conf', server: other, caHash: otherCaHash },
        ],
      }),
    ).toMatchObject({ ours: true });
  });

  it('an older cluster of the same name at the same endpoint is foreign, and dead although the endpoint answers', () => {
    const server = 'https://10.203.0.10:6443';
    const again = dirt({
      kubernetesFiles: ['/etc/kubernetes/kubelet.conf'],
      kubeconfigs: [kubeletConf(server, otherCaHash)],
      marker: { operation: 'prod/x/y/z', cluster: 'prod', caHash: otherCaHash },
      foreignServerAnswers: { [server]: true },
    });
    expect(again).toMatchObject({ ours: false, foreign: { server, caHash: otherCaHash, alive: false } });
    const peer = 'https://10.203.0.11:6443';
    expect(
      dirt({
        kubernetesFiles: ['/etc/kubernetes/kubelet.conf'],
        kubeconfigs: [kubeletConf(peer, otherCaHash)],
        foreignServerAnswers: { [peer]: true },
      })?.foreign?.alive,
    ).toBe(false);
  });

  it('a foreign API server on the host itself is alive', () => {
    const own = 'https://10.203.0.13:6443';
    expect(
      dirt({
        kubernetesFiles: ['/etc/kubernetes/kubelet.conf'],
        kubeconfigs: [kubeletConf(own, otherCaHash)],
        foreignServerAnswers: { [own]: true },
      })?.foreign,
    ).toEqual({
      server: own,
      caHash: otherCaHash,
      alive: true,
    });
  });

  it('judges by the address when there is no CA to compare', () => {
    const unreadable = (server: string): Partial<HostFacts> => ({
      kubernetesFiles: ['/etc/kubernetes/kubelet.conf'],
      kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', server }],
    });
    expect(dirt(unreadable(other))?.foreign).toEqual({ server: other, caHash: 'unknown', alive: false });
    expect(dirt(unreadable('https://10.203.0.10:6443'))).toMatchObject({ ours: false });
    expect(dirt(unreadable('https://10.203.0.10:6443'))?.foreign).toBeUndefined();
    expect(dirt(foreign(true), init(), undefined)?.foreign).toEqual({
      server: other,
      caHash: otherCaHash,
      alive: true,
    });
  });
});

describe('alreadyJoined', () => {
  const joinedWorker: Partial<HostFacts> = { ...ours, pkiCaHash: caHash, machineId: nodeFacts('w2').machineId };
  const worker = (host: Partial<HostFacts> = {}, node: Parameters<typeof nodeFacts>[1] = {}): boolean =>
    alreadyJoined(
      joinWorker(),
      hostFacts({ ...joinedWorker, ...host }),
      clusterFacts({ nodes: [nodeFacts('w2', node)] }),
    );

  it('a worker: this CA, a Ready Node, this machine', () => {
    expect(worker()).toBe(true);
    expect(worker({}, { ready: false })).toBe(false);
    expect(worker({}, { machineId: 'ff' })).toBe(false);
    expect(worker({}, { name: 'w3' })).toBe(false);
    expect(worker({ kubeconfigs: [] })).toBe(false);
    expect(worker({ kubeconfigs: [kubeletConf(other, otherCaHash)] })).toBe(false);
    expect(worker({ pkiCaHash: otherCaHash })).toBe(false);
  });

  const controlPlane = (host: Partial<HostFacts> = {}, cluster: Partial<ClusterFacts> = {}): boolean =>
    alreadyJoined(
      operationContext(),
      hostFacts({ ...ours, etcdDataPresent: true, ...host }),
      clusterFacts({
        nodes: [nodeFacts('cp3')],
        etcd: { askedAt: 'cp1', alarms: [], members: ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name)) },
        ...cluster,
      }),
    );

  it('a control-plane host: this CA, a started voter, its data', () => {
    expect(controlPlane()).toBe(true);
    expect(controlPlane({ etcdDataPresent: false })).toBe(false);
    expect(controlPlane({ kubeconfigs: [], pkiCaHash: otherCaHash })).toBe(false);
    expect(controlPlane({}, { etcd: { askedAt: 'cp1', alarms: [], members: [etcdMember('cp1')] } })).toBe(false);
    expect(
      controlPlane(
        {},
        { etcd: { askedAt: 'cp1', alarms: [], members: [etcdMember('cp1'), etcdMember('cp3', { isLearner: true })] } },
      ),
    ).toBe(false);
    const { etcd: _, ...unread } = clusterFacts();
    expect(alreadyJoined(operationContext(), hostFacts({ ...ours, etcdDataPresent: true }), unread)).toBe(false);
  });

  it('a voter whose Node is missing or not Ready is proven, never reset', () => {
    expect(controlPlane({}, { nodes: [] })).toBe(true);
    expect(controlPlane({}, { nodes: [nodeFacts('cp3', { ready: false })] })).toBe(true);
    const half = world(
      operationContext(),
      { ...ours, etcdDataPresent: true },
      {
        nodes: [],
        etcd: { askedAt: 'cp1', alarms: [], members: ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name)) },
      },
    );
    expect(describeDirt(half.context, half.host, half.cluster)).toBeUndefined();
    expect(verdicts(half)).toEqual([]);
  });

  it('a member that is only proven is not held to what a new one needs', () => {
    const joined = world(
      operationContext(),
      {
        ...ours,
        etcdDataPresent: true,
        cpus: 1,
        clockOffsetMs: -90_000,
        listeners: [{ port: 6443, process: 'kube-apiserver', pid: 9 }],
      },
      {
        nodes: [nodeFacts('cp3')],
        etcd: { askedAt: 'cp1', alarms: ['NOSPACE'], members: ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name)) },
      },
    );
    expect(verdicts(joined)).toEqual(['warning ClockSkew']);
  });
});

describe('findings', () => {
  it.each([
    ['never', ours, ['fatal DirtyHost']],
    ['approve', ours, ['approval DirtyHost']],
    ['when-ours', ours, []],
    ['never', foreign(false), ['fatal DirtyHost']],
    ['approve', foreign(false), ['approval DirtyHost']],
    ['when-ours', foreign(false), ['approval DirtyHost']],
    ['when-ours', { kubeletStatePresent: true }, ['approval DirtyHost']],
    ['never', foreign(true), ['fatal ForeignHost']],
    ['approve', foreign(true), ['fatal ForeignHost']],
    ['when-ours', foreign(true), ['fatal ForeignHost']],
  ] as const)('policy %s', (reset, host, expected) => {
    expect(verdicts(world(policy(reset), host as Partial<HostFacts>))).toEqual(expected);
  });

  describe('R1: what this very run of the operation left is cleaned without asking', () => {
    const { operation } = operationContext();
    const own = { operation, run: 'run-1', cluster: 'prod', caHash, state: 'begun', ofThisRun: true } as const;
    const { ofThisRun: _ofThisRun, ...unread } = own;
    it.each([
      ['it began', own, []],
      ['it began, under another operation’s id', { ...own, operation: `${operation}2` }, ['approval DirtyHost']],
      ['another run of it began', { ...own, run: 'run-0', ofThisRun: false }, ['approval DirtyHost']],
      ['some run of it began', unread, ['approval DirtyHost']],
      ['it has proven', { ...own, state: 'joined' }, ['approval DirtyHost']],
      ['it found, and was resetting', { ...own, state: 'resetting' }, ['approval DirtyHost']],
      [
        'older code of it wrote',
        { ...own, state: undefined, run: undefined, ofThisRun: false },
        ['approval DirtyHost'],
      ],
    ] as const)('%s', (_, marker, expected) => {
      expect(verdicts(world(policy('approve'), { ...ours, marker }))).toEqual(expected);
      const never = expected.length === 0 ? [] : ['fatal DirtyHost'];
      expect(verdicts(world(policy('never'), { ...ours, marker }))).toEqual(never);
    });
  });

  it('the mark of an operation that only resets what was there says nothing of whose it was', () => {
    const marker = { operation: 'prod/join-control-plane/cp3/k0', run: 'run-0', cluster: 'prod' } as const;
    const nobodys = { kubernetesFiles: ['/etc/kubernetes/kubelet.conf'] };
    expect(dirt({ ...nobodys, marker: { ...marker, state: 'begun' } })).toMatchObject({ ours: true });
    expect(dirt({ ...nobodys, marker: { ...marker, state: 'resetting' } })).toMatchObject({ ours: false });
    expect(verdicts(world(policy('when-ours'), { ...nobodys, marker: { ...marker, state: 'resetting' } }))).toEqual([
      'approval DirtyHost',
    ]);
    // Of another cluster's operation neither.
    expect(dirt({ ...ours, marker: { ...marker, cluster: 'test', state: 'resetting' } })).toMatchObject({ ours: true });
  });

  describe('R8: what an approval of a reset is for', () => {
    const subjectOf = (host: Partial<HostFacts>, cluster: Partial<ClusterFacts> = {}) => {
      const [finding] = check(world(policy('approve'), host, cluster));
      return JSON.parse(finding?.subject ?? 'null') as unknown;
    };
    const machineId = 'c3'.repeat(16);
    it('is the machine, whose leftovers go, and whether etcd data is among them', () => {
      expect(subjectOf(ours)).toEqual({ reset: machineId, owner: 'this cluster', etcdData: false });
      expect(subjectOf({ ...ours, etcdDataPresent: true })).toMatchObject({ etcdData: true });
      expect(subjectOf(foreign(false))).toMatchObject({ owner: `${other} ${otherCaHash}` });
      expect(subjectOf({ kubeletStatePresent: true })).toMatchObject({ owner: 'unknown' });
    });
    it('is the same whatever pids, counts and ports are by now', () => {
      const later = foreign(false);
      expect(
        subjectOf({
          ...later,
          listeners: [{ port: 10250, process: 'kubelet', pid: 9_999, unit: 'kubelet.service' }],
          kubernetesFiles: later.kubernetesFiles?.slice(1) ?? [],
          packetFilterRules: 77,
        }),
      ).toEqual(subjectOf(later));
    });
    it('names the Ready Node of an attempt that was never proved', () => {
      const marker = { operation: 'prod/join-control-plane/cp3/k0', cluster: 'prod', state: 'begun' } as const;
      const alive = { ...ours, marker, kubelet: { enabled: 'enabled', active: 'active' } };
      const nodes = [nodeFacts('cp1'), nodeFacts('cp3')];
      expect(subjectOf(alive, { nodes })).toMatchObject({ node: nodeFacts('cp3').uid });
      expect(verdicts(world(policy('when-ours'), alive, { nodes }))).toEqual(['approval DirtyHost']);
      expect(verdicts(world(policy('when-ours'), alive, { nodes: [nodeFacts('cp1')] }))).toEqual([]);
      const asleep = { ...alive, kubelet: { enabled: 'enabled', active: 'inactive' } };
      expect(verdicts(world(policy('when-ours'), asleep, { nodes }))).toEqual([]);
    });
    it('is told apart when this run has left it half reset', () => {
      const marker = {
        operation: operationContext().operation,
        cluster: 'prod',
        state: 'resetting',
        ofThisRun: true,
      } as const;
      expect(subjectOf({ kubeletStatePresent: true, marker })).toMatchObject({ owner: 'half reset by this operation' });
      expect(subjectOf({ kubeletStatePresent: true, marker: { ...marker, ofThisRun: false } })).toMatchObject({
        owner: 'unknown',
      });
    });
  });

  it('say whose the dead node is and what a reset would do', () => {
    const [finding] = check(world(operationContext(), foreign(false)));
    expect(finding?.message).toBe(
      'cp3 still carries a node of another cluster: /etc/kubernetes/kubelet.conf points to https://10.9.0.5:6443, its CA (sha256:41fe41fe…) is not that of prod (sha256:7bb77bb7…); that API server does not answer',
    );
    expect(finding?.remedy).toBe(
      'approve a reset of cp3, or abort and take it out of the specification. A reset would stop and delete: kubelet (pid 811, unit kubelet.service, disabled for boot) listens on 10250, /etc/kubernetes (9 files), /var/lib/kubelet, /etc/cni/net.d (1 file), 34 packet-filter rules, /root/.kube/config. prod itself is not touched by it',
    );
    expect(finding?.evidence).toContain(`/etc/kubernetes/kubelet.conf: server ${other}, CA ${otherCaHash}`);
  });

  it('name the cluster that is alive', () => {
    const [finding] = check(world(operationContext(), foreign(true)));
    expect(finding?.message).toBe(
      'cp3 belongs to cluster https://10.9.0.5:6443 (CA sha256:41fe41fe…) and is alive there',
    );
    expect(finding?.remedy).toContain('Quorate will not reset it');
  });

  it('put the living foreign node before everything else that is wrong', () => {
    expect(
      verdicts(world(operationContext(), { ...foreign(true), swapOn: true, clockOffsetMs: 99_999 }, { leases: [] }))[0],
    ).toBe('fatal ForeignHost');
  });
});
