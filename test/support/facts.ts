import type { Checked } from '../../model/checked.js';
import { ClusterFacts } from '../../model/facts/cluster-facts.js';
import { HostFacts } from '../../model/facts/host-facts.js';
import { OperationContext } from '../../model/operation.js';
import type { OperationKind } from '../../model/operations.js';
import { ReachFacts } from '../../model/facts/reach-facts.js';
import { StatusReport } from '../../model/status/status.js';

/** SPKI hash of the CA of the cluster in these facts. */
export const caHash = `sha256:${'7bb7'.repeat(16)}`;
/** SPKI hash of a CA that is not this cluster's. */
export const otherCaHash = `sha256:${'41fe'.repeat(16)}`;

const version = 'v1.37.1';
const endpoint = '10.203.0.10:6443';
const addresses: Readonly<Record<string, string>> = {
  cp1: '10.203.0.11',
  cp2: '10.203.0.12',
  cp3: '10.203.0.13',
  w1: '10.203.0.21',
  w2: '10.203.0.22',
};
export const addressOf = (host: string): string => addresses[host] ?? '10.203.0.99';

/**
 * A healthy, empty host that kubeadm would accept: packages installed, nothing of any cluster on it.
 * Checked against the schema, so that a test never rests on facts that no host can show.
 */
export const hostFacts = (overrides: Partial<HostFacts> = {}): HostFacts =>
  HostFacts.parse({
    hostname: 'cp3',
    machineId: 'c3'.repeat(16),
    bootId: '11111111-2222-4333-8444-555555555555',
    os: 'Debian GNU/Linux 12 (bookworm)',
    kernel: '6.1.0-30-amd64',
    architecture: 'x86_64',
    cpus: 4,
    memoryMiB: 8_192,
    cgroupVersion: 2,
    swapOn: false,
    addresses: [addressOf('cp3')],
    mtu: 1_500,
    diskFreeMiB: {
      '/var/lib/kubelet': 40_000,
      '/var/lib/etcd': 40_000,
      '/var/lib/containerd': 40_000,
      '/etc': 40_000,
    },
    clockOffsetMs: 12,
    versions: { kubeadm: version, kubelet: version, kubectl: version, containerd: '2.1.4' },
    runtimeReady: true,
    sysctls: {
      'net.ipv4.ip_forward': '1',
      'net.bridge.bridge-nf-call-iptables': '1',
      'net.bridge.bridge-nf-call-ip6tables': '1',
    },
    kubelet: { enabled: 'enabled', active: 'inactive' },
    containerd: { enabled: 'enabled', active: 'active' },
    listeners: [],
    kubernetesFiles: [],
    kubeconfigs: [],
    etcdDataPresent: false,
    kubeletStatePresent: false,
    cniFiles: [],
    cniLinks: [],
    packetFilterRules: 0,
    homeKubeconfigs: [],
    kubeletMounts: [],
    identity: [`/etc/machine-id ${overrides.machineId ?? 'c3'.repeat(16)}`],
    foreignServerAnswers: {},
    ...overrides,
  });

/** What an earlier node of the same cluster left on a host: by default a reset needs an approval. */
export const leftovers = (cluster: string, overrides: Partial<HostFacts> = {}): Partial<HostFacts> => ({
  kubernetesFiles: ['/etc/kubernetes/kubelet.conf', '/etc/kubernetes/pki/ca.crt'],
  kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', server: `https://${endpoint}`, caHash }],
  pkiCaHash: caHash,
  kubeletStatePresent: true,
  cniFiles: ['/etc/cni/net.d/10-flannel.conflist'],
  cniLinks: ['cni0'],
  packetFilterRules: 34,
  marker: { operation: `${cluster}/earlier`, cluster, caHash },
  ...overrides,
});

type Member = NonNullable<ClusterFacts['etcd']>['members'][number];

/** A started voter that answers; the first of the cluster leads. */
export const etcdMember = (name: string, overrides: Partial<Member> = {}): Member => ({
  id: `a1b2c3d4e5f6${name
    .charCodeAt(name.length - 1)
    .toString(16)
    .padStart(4, '0')}`,
  name,
  peerUrls: [`https://${addressOf(name)}:2380`],
  clientUrls: [`https://${addressOf(name)}:2379`],
  isLearner: false,
  status: {
    isLeader: name === 'cp1',
    version: '3.6.5',
    dbSizeBytes: 8_000_000,
    raftIndex: 12_000,
    raftAppliedIndex: 12_000,
    errors: [],
  },
  ...overrides,
});

type Node = ClusterFacts['nodes'][number];

export const nodeFacts = (name: string, overrides: Partial<Node> = {}): Node => ({
  name,
  uid: `00000000-0000-4000-8000-${name.padStart(12, '0').replaceAll(/[^0-9a-f]/g, '0')}`,
  ready: true,
  controlPlane: name.startsWith('cp'),
  unschedulable: false,
  kubeletVersion: version,
  internalIp: addressOf(name),
  machineId: name === 'cp3' ? 'c3'.repeat(16) : `${name.charCodeAt(0).toString(16)}${name.at(-1)}0`.padEnd(32, '0'),
  createdAt: '2026-01-05T08:00:00Z',
  labels: { 'kubernetes.io/hostname': name },
  taints: name.startsWith('cp') ? ['node-role.kubernetes.io/control-plane:NoSchedule'] : [],
  ...overrides,
});

/** cp1 and cp2 run the control plane (two voters, both healthy), w1 is a worker, and cp3 is not initialised. */
export const clusterFacts = (overrides: Partial<ClusterFacts> = {}): ClusterFacts =>
  ClusterFacts.parse({
    controlPlane: [
      { host: 'cp1', initialised: true, ready: true },
      { host: 'cp2', initialised: true, ready: true },
      { host: 'cp3', initialised: false, ready: false, because: 'no /etc/kubernetes/admin.conf' },
    ],
    askedAt: 'cp1',
    caHash,
    managedAs: 'prod',
    serverVersion: version,
    kubeadmConfigEndpoint: endpoint,
    clusterInfoEndpoint: `https://${endpoint}`,
    clusterInfoCaHash: caHash,
    nodes: ['cp1', 'cp2', 'w1'].map((name) => nodeFacts(name)),
    leases: [
      { name: 'kube-controller-manager', holder: 'cp1_5a0e', ageSeconds: 1 },
      { name: 'kube-scheduler', holder: 'cp2_9c41', ageSeconds: 1 },
    ],
    etcd: { askedAt: 'cp1', members: ['cp1', 'cp2'].map((name) => etcdMember(name)), alarms: [] },
    backends: ['cp1', 'cp2'].map((name) => ({
      loadBalancer: 'lb1',
      name,
      address: `${addressOf(name)}:6443`,
      status: 'UP',
      lastCheck: 'L7OK 200',
    })),
    ...overrides,
  });

/** What the check of a clean host saw that nothing in the cluster stands for, nor anything runs on. */
export const checkedFacts = (overrides: Partial<Checked> = {}): Checked => ({
  identity: [`/etc/machine-id ${hostFacts().machineId}`],
  machineId: hostFacts().machineId,
  etcdDataPresent: false,
  members: [],
  units: [],
  ownAttempt: false,
  ...overrides,
});

/** Before `init`: no control-plane host has anything of a cluster. */
export const noCluster = (): ClusterFacts =>
  ClusterFacts.parse({
    controlPlane: ['cp1', 'cp2', 'cp3'].map((host) => ({
      host,
      initialised: false,
      ready: false,
      because: 'no /etc/kubernetes/admin.conf',
    })),
    nodes: [],
    leases: [],
    backends: [],
  });

const targetOf: Readonly<Record<OperationKind, string>> = {
  init: 'cp1',
  'join-control-plane': 'cp3',
  'join-worker': 'w2',
};

/**
 * The context of an operation of one cluster; budgets are 0, so that what would be retried in place blocks at once
 * (the server's own timers take a second each).
 * @param overrides `host` is the name of the target; default cp1 for init, cp3 and w2 for the joins.
 */
export const operationContext = (
  overrides: Partial<Omit<OperationContext, 'policy'>> & {
    policy?: Partial<OperationContext['policy']>;
    host?: string;
    key?: string;
  } = {},
): OperationContext => {
  const { host, key = 'k1', policy, ...rest } = overrides;
  const kind = rest.kind ?? 'join-control-plane';
  const cluster = rest.cluster ?? 'prod';
  const name = host ?? targetOf[kind];
  return OperationContext.parse({
    operation: `${cluster}/${kind}/${name}/${key}`,
    kind,
    cluster,
    kubernetesVersion: version,
    endpoint,
    networking: { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16' },
    target: { name, address: addressOf(name), labels: {} },
    controlPlane: ['cp1', 'cp2', 'cp3'].map((member) => ({ name: member, address: addressOf(member) })),
    loadBalancer: { kind: 'haproxy', hosts: [{ name: 'lb1', address: '10.203.0.10' }], backend: 'kube-apiserver' },
    policy: {
      resetDirtyHosts: 'approve',
      networkLeftovers: 'warn',
      removeStaleMembers: 'when-safe',
      snapshotsKept: 5,
      joinBudgetMs: 1_800_000,
      unreachableBudgetMs: 0,
      readyBudgetMs: 0,
      resumeWhenHealthy: false,
      probeEveryMs: 1_000,
      parallelJoins: 20,
      approvals: { plans: false, byAnother: false, expireAfterMs: 86_400_000 },
      ...policy,
    },
    kubeadm: {
      ignorePreflightErrors: [],
      criSocket: 'unix:///run/containerd/containerd.sock',
      imagePullPolicy: 'IfNotPresent',
      kubelet: {},
      kubeProxy: {},
      clusterConfiguration: {},
      kubeletExtraArgs: [],
    },
    notify: [],
    round: 0,
    ...rest,
  });
};

/** Every way between the target, the endpoint and the control-plane hosts is free. */
export const reachFacts = (
  { target, endpoint, controlPlane, kind }: OperationContext,
  overrides: Partial<ReachFacts> = {},
): ReachFacts => {
  const peers = controlPlane.filter((host) => host.name !== target.name);
  const listening = kind === 'init' ? 'refused' : 'open';
  return ReachFacts.parse({
    dials: [
      { from: target.name, to: endpoint, port: 6_443, result: listening, ms: 1 },
      ...peers.map(({ name }) => ({ from: target.name, to: name, port: 6_443, result: listening, ms: 1 })),
      ...peers.map(({ name }) => ({ from: name, to: target.name, port: 10_250, result: 'refused', ms: 1 })),
    ],
    mtu: [{ from: target.name, to: endpoint, size: 1_500, ok: true }],
    ...overrides,
  });
};

export const statusReport = (cluster: string): StatusReport => {
  const { nodes, leases, backends } = clusterFacts();
  return StatusReport.parse({
    cluster,
    at: '2026-01-05T08:00:00.000Z',
    askedAt: 'cp1',
    apiServers: ['cp1', 'cp2'].map((host) => ({ host, address: addressOf(host), ready: true, version })),
    endpoint: { address: endpoint, ok: true, ms: 3 },
    backends,
    leases,
    nodes,
    certificates: [],
    problems: [],
  });
};
