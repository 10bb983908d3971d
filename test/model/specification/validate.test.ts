import { describe, expect, it } from 'vitest';
import { pathText, type ValueProblem } from '../../../model/specification/problem.js';
import { validateSpecification } from '../../../model/specification/validate.js';
import { exampleValue } from './example.js';

const line = ({ path, message, instead }: ValueProblem): string => `${pathText(path)}: ${message}; ${instead}`;
const problems = (changes: Record<string, unknown>): string[] => {
  const result = validateSpecification(exampleValue(changes));
  return result.ok ? [] : result.problems.map(line);
};
const warnings = (changes: Record<string, unknown>): string[] =>
  validateSpecification(exampleValue(changes)).warnings.map(line);
const host = (role: string, address: string, more: object = {}): object => ({ role, address, ...more });

describe('a good specification', () => {
  it('has no problems and no warnings', () => {
    expect(problems({})).toEqual([]);
    expect(warnings({})).toEqual([]);
  });

  it('gets every default', () => {
    const result = validateSpecification(exampleValue({ 'spec.networking': undefined }));
    expect(result.ok && result.specification.spec).toMatchObject({
      networking: { serviceSubnet: '10.96.0.0/12', dnsDomain: 'cluster.local' },
      loadBalancer: { backend: 'kube-apiserver' },
      hosts: { cp1: { labels: {} } },
      policy: {
        resetDirtyHosts: 'approve',
        networkLeftovers: 'warn',
        removeStaleMembers: 'when-safe',
        resumeWhenHealthy: true,
        snapshots: { keep: 5 },
        budgets: { join: '30m', unreachable: '2m', ready: '5m' },
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
    });
  });

  it('keeps the defaults beside what is written', () => {
    const result = validateSpecification(exampleValue({ 'spec.policy': { budgets: { ready: '90s' } } }));
    expect(result.ok && result.specification.spec.policy.budgets).toEqual({
      join: '30m',
      unreachable: '2m',
      ready: '90s',
    });
  });

  it('validates to itself', () => {
    const once = validateSpecification(exampleValue());
    expect(once.ok).toBe(true);
    expect(validateSpecification(once.ok && once.specification)).toEqual(once);
  });

  it.each([
    ['IPv6', { 'spec.controlPlaneEndpoint': '[fd00::10]:6443', 'spec.hosts.cp1.address': 'fd00::11' }],
    [
      'dual stack',
      { 'spec.networking': { podSubnet: '10.244.0.0/16,fd01::/48', serviceSubnet: '10.96.0.0/16, fd02::/112' } },
    ],
    ['a DNS endpoint', { 'spec.controlPlaneEndpoint': 'api.prod.example.org:6443' }],
    ['no taints at all', { 'spec.hosts.cp1.taints': [] }],
    ['an empty label', { 'spec.hosts.w1.labels': { 'node-role.kubernetes.io/worker': '' } }],
    ['a pre-release', { 'spec.kubernetesVersion': 'v1.38.0-rc.1' }],
    [
      'an image digest',
      { 'spec.kubeadm.clusterConfiguration': { imageRepository: `r.example/k@sha256:${'0a'.repeat(32)}` } },
    ],
    ['a CA hash', { 'spec.kubeadm.kubelet': { note: `sha256:${'0a'.repeat(32)}` } }],
  ])('may have %s', (_, changes) => {
    expect(problems(changes)).toEqual([]);
  });
});

describe('single fields', () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      'apiVersion',
      { apiVersion: 'v1' },
      'apiVersion: "v1" is not one of quorate.dev/v1alpha1; write quorate.dev/v1alpha1',
    ],
    ['kind', { kind: undefined }, 'kind: is missing; add kind: Cluster'],
    [
      'name',
      { 'metadata.name': 'x'.repeat(41) },
      `metadata.name: "${'x'.repeat(41)}" is not a name of at most 40 of a-z, 0-9 and -; write for example prod`,
    ],
    [
      'version as a number',
      { 'spec.kubernetesVersion': 1.37 },
      'spec.kubernetesVersion: is the number 1.37, not text; write for example v1.37.1',
    ],
    [
      'version without v',
      { 'spec.kubernetesVersion': '1.37.1' },
      'spec.kubernetesVersion: "1.37.1" is not a full Kubernetes version; write for example v1.37.1',
    ],
    [
      'old version',
      { 'spec.kubernetesVersion': 'v1.30.4' },
      'spec.kubernetesVersion: "v1.30.4" is older than v1.31.0, the first with kubeadm.k8s.io/v1beta4; write for example v1.37.1',
    ],
    [
      'endpoint without port',
      { 'spec.controlPlaneEndpoint': '10.203.0.10' },
      'spec.controlPlaneEndpoint: "10.203.0.10" is not host:port; write for example 10.203.0.10:6443',
    ],
    [
      'subnet',
      { 'spec.networking.podSubnet': '10.244.0.0' },
      'spec.networking.podSubnet: "10.244.0.0" is not a subnet such as 10.244.0.0/16; write for example 10.244.0.0/16',
    ],
    [
      'two subnets of one family',
      { 'spec.networking.podSubnet': '10.244.0.0/16,10.245.0.0/16' },
      'spec.networking.podSubnet: "10.244.0.0/16,10.245.0.0/16" may name one IPv4 and one IPv6 subnet, no more; write for example 10.244.0.0/16',
    ],
    [
      'load balancer kind',
      { 'spec.loadBalancer.kind': 'haprox' },
      'spec.loadBalancer.kind: "haprox" is not one of haproxy, external; write haproxy',
    ],
    [
      'no load balancer',
      { 'spec.loadBalancer': undefined },
      'spec.loadBalancer: is missing; add loadBalancer: {"kind":"external"}',
    ],
    [
      'no load balancer hosts',
      { 'spec.loadBalancer.hosts': [] },
      'spec.loadBalancer.hosts: names no host; write for example ["lb1"]',
    ],
    [
      'role',
      { 'spec.hosts.cp2.role': 'controlplane' },
      'spec.hosts.cp2.role: "controlplane" is not one of control-plane, worker, load-balancer; write control-plane',
    ],
    [
      'address',
      { 'spec.hosts.cp2.address': '10.203.0.300' },
      'spec.hosts.cp2.address: "10.203.0.300" is not an IP address; write for example 10.203.0.11',
    ],
    [
      'loopback',
      { 'spec.hosts.cp2.address': '127.0.0.1' },
      'spec.hosts.cp2.address: "127.0.0.1" is a loopback address, which other hosts cannot reach; write for example 10.203.0.11',
    ],
    [
      'no address',
      { 'spec.hosts.cp2.address': undefined },
      'spec.hosts.cp2.address: is missing; add address: 10.203.0.11',
    ],
    [
      'ssh option',
      { 'spec.hosts.cp2.ssh': '-oProxyCommand=x' },
      'spec.hosts.cp2.ssh: "-oProxyCommand=x" is not a name for ssh: letters, digits, and -, _, ., : and % within; write for example cp1.dc1',
    ],
    [
      'label as a truth value',
      { 'spec.hosts.w1.labels': { gpu: true } },
      'spec.hosts.w1.labels.gpu: is true, not text; quote it: "true"',
    ],
    [
      'label key',
      { 'spec.hosts.w1.labels': { 'a b': 'x' } },
      'spec.hosts.w1.labels["a b"]: "a b" is not a Kubernetes label key: [prefix/]name, the name of at most 63 of A-Z, a-z, 0-9, -, _ and .; use another name',
    ],
    [
      'label value',
      { 'spec.hosts.w1.labels': { zone: '-a' } },
      'spec.hosts.w1.labels.zone: "-a" is not a Kubernetes label value: at most 63 of A-Z, a-z, 0-9, -, _ and .; correct it',
    ],
    [
      'taint effect',
      { 'spec.hosts.w1.taints': [{ key: 'a', effect: 'NoScheduel' }] },
      'spec.hosts.w1.taints[0].effect: "NoScheduel" is not one of NoSchedule, PreferNoSchedule, NoExecute; write NoSchedule',
    ],
    [
      'policy',
      { 'spec.policy.resetDirtyHosts': 'ask' },
      'spec.policy.resetDirtyHosts: "ask" is not one of never, approve, when-ours; write one of never, approve, when-ours',
    ],
    [
      'truth value',
      { 'spec.policy.resumeWhenHealthy': 'yes' },
      'spec.policy.resumeWhenHealthy: is the text "yes", not true or false; write true or false',
    ],
    [
      'duration',
      { 'spec.policy.budgets.join': '30 min' },
      'spec.policy.budgets.join: "30 min" is not a duration such as 30m or 2m30s (h, m, s, ms in this order); write for example 30m',
    ],
    [
      'no time',
      { 'spec.policy.budgets.join': '0m' },
      'spec.policy.budgets.join: "0m" is not between 1s and 168h; write for example 30m',
    ],
    [
      'no snapshots',
      { 'spec.policy.snapshots.keep': 0 },
      'spec.policy.snapshots.keep: is less than 1; write for example 5',
    ],
    [
      'half a snapshot',
      { 'spec.policy.snapshots.keep': 1.5 },
      'spec.policy.snapshots.keep: is the number 1.5, not a whole number; write for example 5',
    ],
    [
      'ignore all',
      { 'spec.kubeadm.ignorePreflightErrors': ['All'] },
      'spec.kubeadm.ignorePreflightErrors[0]: would also hide that a host belongs to another cluster; name the checks to ignore, such as SystemVerification',
    ],
    [
      'cri socket',
      { 'spec.kubeadm.criSocket': '/run/crio.sock' },
      'spec.kubeadm.criSocket: "/run/crio.sock" is not a unix socket URL; write for example unix:///run/containerd/containerd.sock',
    ],
    [
      'kubelet kind',
      { 'spec.kubeadm.kubelet': { kind: 'KubeletConfiguration' } },
      'spec.kubeadm.kubelet.kind: is not passed through; leave it out, Quorate writes it',
    ],
    [
      'cluster configuration',
      { 'spec.kubeadm.clusterConfiguration': { networking: {} } },
      'spec.kubeadm.clusterConfiguration.networking: is not passed through; set spec.networking',
    ],
    [
      'external etcd',
      { 'spec.kubeadm.clusterConfiguration': { etcd: { external: {} } } },
      'spec.kubeadm.clusterConfiguration.etcd.external: is not supported: Quorate works on etcd that runs on the control-plane nodes; leave it out',
    ],
    [
      'data directory',
      { 'spec.kubeadm.clusterConfiguration': { etcd: { local: { dataDir: '/data' } } } },
      'spec.kubeadm.clusterConfiguration.etcd.local.dataDir: is not where Quorate looks for the data of a member; leave it out, or mount the disk at /var/lib/etcd',
    ],
    [
      'kubelet flag',
      { 'spec.kubeadm.kubeletExtraArgs': [{ name: '--v', value: '2' }] },
      'spec.kubeadm.kubeletExtraArgs[0].name: "--v" is not a flag of the kubelet without its dashes; write for example v',
    ],
    [
      'owned flag',
      { 'spec.kubeadm.kubeletExtraArgs': [{ name: 'node-ip', value: 'x' }] },
      'spec.kubeadm.kubeletExtraArgs[0].name: "node-ip" is set by Quorate, from the address of the host; leave it out; set spec.hosts.<name>.address',
    ],
    [
      'a host that is a list',
      { 'spec.hosts.w1': [] },
      'spec.hosts.w1: is a list, not a map; write for example {"role":"worker","address":"10.203.0.21"}',
    ],
    [
      'an empty host',
      { 'spec.hosts.w1': null },
      'spec.hosts.w1: is empty, not a map; write for example {"role":"worker","address":"10.203.0.21"}',
    ],
  ])('%s', (_, changes, expected) => {
    expect(problems(changes)).toContain(expected);
  });

  it('host names are node names', () => {
    const named = (name: string): string[] =>
      problems({
        'spec.hosts': {
          cp1: host('control-plane', '10.203.0.11'),
          lb1: host('load-balancer', '10.203.0.10'),
          [name]: host('worker', '10.203.0.21'),
        },
      });
    expect(named('w1.rack-2')).toEqual([]);
    expect(named('W1')[0]).toMatch(/^spec\.hosts\.W1: "W1" is not a host name .*; write for example w1$/);
    expect(named('w_1')[0]).toMatch(/is not a host name/);
    expect(named('w'.repeat(64))[0]).toMatch(/is longer than 63 characters/);
  });
});

describe('unknown fields', () => {
  it.each([
    [{ 'spec.hosts.cp1.adress': '10.0.0.1' }, 'spec.hosts.cp1.adress: there is no such field; did you mean address?'],
    [
      { 'spec.policy.ResetDirtyHosts': 'never' },
      'spec.policy.ResetDirtyHosts: there is no such field; did you mean resetDirtyHosts?',
    ],
    [{ 'spec.endpoint': 'x' }, 'spec.endpoint: there is no such field; did you mean controlPlaneEndpoint?'],
    [{ 'spec.loadBalancer.host': 'x' }, 'spec.loadBalancer.host: there is no such field; did you mean hosts?'],
    [
      { 'spec.hosts.w1.taints': [{ key: 'a', effect: 'NoExecute', operator: 'x' }] },
      'spec.hosts.w1.taints[0].operator: there is no such field; leave it out, or write one of key, value, effect',
    ],
    [{ status: {} }, 'status: there is no such field; leave it out, or write one of apiVersion, kind, metadata, spec'],
  ])('%j', (changes, expected) => {
    expect(problems(changes)).toEqual([expected]);
  });

  it('a mistyped key is not also missing', () => {
    expect(problems({ 'spec.kubernetesVersion': undefined, 'spec.kubernetsVersion': 'v1.37.1' })).toEqual([
      'spec.kubernetsVersion: there is no such field; did you mean kubernetesVersion?',
    ]);
  });

  it('an external load balancer has no hosts', () => {
    expect(problems({ 'spec.loadBalancer': { kind: 'external', hosts: ['lb1'] } })).toHaveLength(1);
  });
});

describe('between fields', () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      'an address twice',
      { 'spec.hosts.w1.address': '10.203.0.12' },
      'spec.hosts.w1.address: 10.203.0.12 is the address of cp2 too; write the address of w1',
    ],
    [
      'an address twice in two spellings',
      { 'spec.hosts.cp1.address': 'fd00::1', 'spec.hosts.w1.address': 'fd00:0::1' },
      'spec.hosts.w1.address: fd00:0::1 is the address of cp1 too; write the address of w1',
    ],
    [
      'one machine twice',
      { 'spec.hosts.w1.ssh': 'cp2.dc1' },
      'spec.hosts.w1.ssh: ssh reaches cp2 by the name cp2.dc1 too, so they are one machine; write in ssh the name by which ssh reaches w1',
    ],
    [
      'a load balancer that is no host',
      { 'spec.loadBalancer.hosts': ['lb2'] },
      'spec.loadBalancer.hosts[0]: there is no host "lb2"; write lb1',
    ],
    [
      'a load balancer that is a worker',
      { 'spec.loadBalancer.hosts': ['lb1', 'w1'] },
      'spec.loadBalancer.hosts[1]: w1 has the role "worker"; name a host with the role load-balancer: lb1',
    ],
    [
      'a load balancer twice',
      { 'spec.loadBalancer.hosts': ['lb1', 'lb1'] },
      'spec.loadBalancer.hosts[1]: lb1 is named twice; leave it out',
    ],
    [
      'a worker as endpoint',
      { 'spec.controlPlaneEndpoint': '10.203.0.21:6443' },
      'spec.controlPlaneEndpoint: 10.203.0.21 is the address of w1, a worker host: when it is gone, nothing reaches the API; write the address or the DNS name of the load balancer',
    ],
    [
      'a control-plane host as endpoint',
      { 'spec.controlPlaneEndpoint': '10.203.0.11:6443' },
      'spec.controlPlaneEndpoint: 10.203.0.11 is the address of cp1, a control-plane host: when it is gone, nothing reaches the API; write the address or the DNS name of the load balancer',
    ],
    [
      'overlapping subnets',
      { 'spec.networking.serviceSubnet': '10.244.128.0/20' },
      'spec.networking.serviceSubnet: 10.244.128.0/20 overlaps with podSubnet 10.244.0.0/16; write subnets that have no address in common',
    ],
    [
      'an overlap with the default',
      { 'spec.networking': { podSubnet: '10.100.0.0/16' } },
      'spec.networking.serviceSubnet: 10.96.0.0/12 overlaps with podSubnet 10.100.0.0/16; write subnets that have no address in common',
    ],
    [
      'a host inside the Pods',
      { 'spec.hosts.w1.address': '10.244.0.9' },
      'spec.networking.podSubnet: 10.244.0.0/16 holds the address of w1 (10.244.0.9); write a subnet without addresses of hosts, as the cluster could not tell them apart',
    ],
    [
      'the endpoint inside the Services',
      { 'spec.controlPlaneEndpoint': '10.96.0.10:6443' },
      'spec.networking.serviceSubnet: 10.96.0.0/16 holds the address of controlPlaneEndpoint (10.96.0.10); write a subnet without addresses of hosts, as the cluster could not tell them apart',
    ],
  ])('%s', (_, changes, expected) => {
    expect(problems(changes)).toEqual([expected]);
  });

  it('at least one control-plane host', () => {
    expect(problems({ 'spec.hosts': { lb1: host('load-balancer', '10.203.0.10') } })).toEqual([
      'spec.hosts: no host has the role control-plane; add cp1: {role: control-plane, address: ...}; three survive the loss of one',
    ]);
    expect(problems({ 'spec.hosts': {} })).toHaveLength(2);
  });

  it('any number of control-plane hosts is fine', () => {
    expect(warnings({ 'spec.hosts.cp3': undefined })).toEqual([]);
  });

  it('is looked at even while single fields are wrong', () => {
    const found = problems({
      'spec.kubernetesVersion': 'latest',
      'spec.hosts.w1': { role: 'wroker', address: '10.203.0.12', labels: 3 },
    });
    expect(found.map((text) => text.split(':')[0])).toEqual([
      'spec.kubernetesVersion',
      'spec.hosts.w1.role',
      'spec.hosts.w1.labels',
      'spec.hosts.w1.address',
    ]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'a load balancer nobody uses',
      { 'spec.hosts.lb2': host('load-balancer', '10.203.0.9') },
      'spec.hosts.lb2: lb2 is a load balancer that nothing uses; name it in spec.loadBalancer.hosts, or leave it out',
    ],
    [
      'load balancers beside an external one',
      { 'spec.loadBalancer': { kind: 'external' } },
      'spec.hosts.lb1: lb1 is a load balancer that nothing uses; leave it out: the load balancer is external',
    ],
    [
      'labels of a load balancer',
      { 'spec.hosts.lb1.labels': { a: 'b' } },
      'spec.hosts.lb1.labels: a load balancer is no Node: its labels are never set; leave them out',
    ],
  ])('warns of %s', (_, changes, expected) => {
    expect(problems(changes)).toEqual([]);
    expect(warnings(changes)).toEqual([expected]);
  });

  it('only warns of a control-plane host as an endpoint that somebody else chose', () => {
    const changes = {
      'spec.loadBalancer': { kind: 'external' },
      'spec.hosts.lb1': undefined,
      'spec.controlPlaneEndpoint': '10.203.0.11:6443',
    };
    expect(problems(changes)).toEqual([]);
    expect(warnings(changes)[0]).toContain('10.203.0.11 is the address of cp1');
  });
});

describe('secrets', () => {
  const token = 'abcdef.0123456789abcdef';
  const key = '0123456789abcdef'.repeat(4);
  const pem = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA==\n-----END EC PRIVATE KEY-----\n';

  it.each([
    ['a bootstrap token', token],
    ['a bootstrap token', `--token=${token}`],
    ['a certificate key', key],
    ['a private key', pem],
    ['a private key', Buffer.from(pem).toString('base64')],
    ['a private key', Buffer.from(pem.replaceAll('EC ', 'RSA ')).toString('base64')],
    ['a private key', Buffer.from(pem.replaceAll('EC ', '')).toString('base64')],
    ['a private key', Buffer.from(pem.replaceAll('EC ', 'OPENSSH ')).toString('base64')],
  ])('refuses %s', (what, secret) => {
    for (const changes of [
      { 'spec.kubeadm.clusterConfiguration': { deep: [{ er: secret }] } },
      { 'spec.hosts.w1.ssh': secret },
      { 'spec.controlPlaneEndpoint': secret },
      { [`spec.kubeadm.kubelet`]: { [secret]: 1 } },
    ]) {
      const found = problems(changes);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(`looks like ${what}; a specification holds no secrets`);
      expect(JSON.stringify(validateSpecification(exampleValue(changes)))).not.toContain(secret.slice(0, 30).trim());
    }
  });

  it('says so even where the key is unknown, and shows nothing of it', () => {
    const found = problems({ 'spec.hosts.w1.token': token, [`spec.hosts.${token.replace('.', '-')}`]: null });
    expect(found.some((text) => text.includes('a bootstrap token'))).toBe(true);
    expect(found.join()).not.toContain(token);
  });

  it('does not take ordinary names for tokens', () => {
    for (const text of [
      'k8s.io',
      'docker.io/library',
      'abcdef.0123456789abcde',
      'abcdef.0123456789abcdef.example.org',
      'x-abcdef.0123456789abcdef',
    ])
      expect(problems({ 'spec.kubeadm.kubelet': { text } })).toEqual([]);
  });
});

describe('anything at all', () => {
  it.each([
    undefined,
    null,
    1,
    'text',
    [],
    true,
    {},
    { spec: null },
    { spec: { hosts: [] } },
    { spec: { hosts: { a: { b: {} } }, loadBalancer: 3 } },
  ])('%j is refused without falling over', (value) => {
    const result = validateSpecification(value);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.problems.length).toBeGreaterThan(0);
  });

  it('names what is missing at first', () => {
    const result = validateSpecification({
      apiVersion: 'quorate.dev/v1alpha1',
      kind: 'Cluster',
      metadata: { name: 'a' },
    });
    expect(!result.ok && result.problems.map(line)).toEqual([
      'spec: is missing; add spec with kubernetesVersion, controlPlaneEndpoint, loadBalancer, hosts',
    ]);
  });
});
