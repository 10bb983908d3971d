import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import type { OperationContext } from '../../../model/operation.js';
import { operationContext } from '../../support/facts.js';
import { init, joinWorker, texts, verdicts, world } from './world.js';

const kubeadm = (changes: Partial<OperationContext['kubeadm']>, kubernetesVersion = 'v1.37.1'): OperationContext => {
  const context = operationContext({ kubernetesVersion });
  return { ...context, kubeadm: { ...context.kubeadm, ...changes } };
};
/** Verdicts on a host that differs in this, in a cluster of the context's own version. */
const on = (host: Partial<HostFacts>, context = operationContext()): string[] => {
  const version = context.kubernetesVersion;
  return verdicts(
    world(
      context,
      { versions: { kubeadm: version, kubelet: version, kubectl: version, containerd: '2.1.4' }, ...host },
      context.kind === 'init' ? {} : { serverVersion: version },
    ),
  );
};
const unsuitable = ['fatal HostUnsuitable'];

describe('a suitable host', () => {
  it.each([operationContext(), joinWorker(), init()])('passes ($kind)', (context) => {
    expect(on({}, context)).toEqual([]);
  });
});

describe('cgroup', () => {
  const v1 = { cgroupVersion: 1 as const };

  it('v1 is refused from 1.35 on', () => {
    expect(on(v1, kubeadm({}, 'v1.37.1'))).toEqual(unsuitable);
    expect(on(v1, kubeadm({}, 'v1.35.0'))).toEqual(unsuitable);
    expect(on(v1, kubeadm({}, 'v1.34.9'))).toEqual(['warning HostUnsuitable']);
  });

  it('says which version needs what', () => {
    expect(texts(world(operationContext(), v1))[0]).toMatch(
      /^cp3 runs cgroup v1; Kubernetes v1\.37\.1 needs cgroup v2 \| /,
    );
  });

  it('v1 is accepted when both the kubelet and kubeadm are told to', () => {
    const kubelet = { failCgroupV1: false };
    expect(on(v1, kubeadm({ kubelet, ignorePreflightErrors: ['systemverification'] }))).toEqual([]);
    expect(on(v1, kubeadm({ kubelet }))).toEqual(unsuitable);
    expect(on(v1, kubeadm({ ignorePreflightErrors: ['SystemVerification'] }))).toEqual(unsuitable);
  });
});

describe('swap', () => {
  it('is refused unless the kubelet is told to live with it', () => {
    expect(on({ swapOn: true })).toEqual(unsuitable);
    expect(on({ swapOn: true }, kubeadm({ kubelet: { failSwapOn: false } }))).toEqual([]);
    expect(on({ swapOn: true }, kubeadm({ kubelet: { failSwapOn: true } }))).toEqual(unsuitable);
  });
});

describe('programs', () => {
  const all = { kubeadm: 'v1.37.1', kubelet: 'v1.37.1', kubectl: 'v1.37.1', containerd: '2.1.4' };
  const without = (program: keyof typeof all): HostFacts['versions'] => {
    const { [program]: _, ...rest } = all;
    return rest;
  };

  it.each(['kubeadm', 'kubelet', 'containerd'] as const)('%s must be there', (program) => {
    expect(texts(world(operationContext(), { versions: without(program) }))).toEqual([
      expect.stringContaining(`${program} is missing on cp3 | install ${program}`),
    ]);
    expect(on({ versions: without(program) })).toEqual(unsuitable);
  });

  it('kubectl is missed on a control-plane host only', () => {
    expect(on({ versions: without('kubectl') })).toEqual(['warning HostUnsuitable']);
    expect(on({ versions: without('kubectl') }, joinWorker())).toEqual([]);
  });

  it('another runtime needs no containerd', () => {
    const context = kubeadm({ criSocket: 'unix:///run/crio/crio.sock' });
    expect(on({ versions: without('containerd') }, context)).toEqual([]);
    expect(on({ versions: without('containerd'), runtimeReady: false }, context)).toEqual(unsuitable);
  });

  it('a runtime that is there must answer', () => {
    expect(on({ runtimeReady: false })).toEqual(unsuitable);
    expect(texts(world(operationContext(), { runtimeReady: false }))[0]).toContain(
      'does not answer at unix:///run/containerd/containerd.sock',
    );
  });
});

describe('size', () => {
  const disks = (path: string, free: number): Partial<HostFacts> => ({
    diskFreeMiB: { '/var/lib/kubelet': 9999, '/var/lib/etcd': 9999, '/var/lib/containerd': 9999, [path]: free },
  });

  it.each(['/var/lib/kubelet', '/var/lib/etcd', '/var/lib/containerd'])('1 GiB free for %s', (path) => {
    expect(on(disks(path, 1023))).toEqual(unsuitable);
    expect(on(disks(path, 1024))).toEqual([]);
    expect(texts(world(operationContext(), disks(path, 17)))[0]).toContain(`less than 1 GiB free for ${path}`);
  });

  it('a worker has no etcd', () => expect(on(disks('/var/lib/etcd', 1), joinWorker())).toEqual([]));

  it('names all full disks at once', () => {
    expect(
      texts(world(operationContext(), { diskFreeMiB: { '/var/lib/kubelet': 1, '/var/lib/etcd': 1 } })),
    ).toHaveLength(1);
  });

  it.each([
    [{ cpus: 1 }, 'NumCPU'],
    [{ memoryMiB: 1699 }, 'Mem'],
  ])('%j is too small for a control-plane node', (host, identifier) => {
    expect(on(host)).toEqual(unsuitable);
    expect(on(host, init())).toEqual(unsuitable);
    expect(on(host, joinWorker())).toEqual([]);
    expect(on(host, kubeadm({ ignorePreflightErrors: [identifier.toUpperCase()] }))).toEqual([]);
  });

  it('two CPUs and 1700 MiB are enough', () => expect(on({ cpus: 2, memoryMiB: 1700 })).toEqual([]));
});

describe('network of the host', () => {
  it('forwarding that is off is said and set', () => {
    expect(on({ sysctls: { 'net.ipv4.ip_forward': '0' } })).toEqual(['warning HostUnsuitable']);
    expect(on({ sysctls: {} })).toEqual([]);
  });

  it('forwarding is that of the address family', () => {
    const context = operationContext();
    const v6 = { ...context, target: { ...context.target, address: 'fd00::13' } };
    const host = { addresses: ['fd00::13'] };
    expect(
      on({ ...host, sysctls: { 'net.ipv4.ip_forward': '0', 'net.ipv6.conf.default.forwarding': '1' } }, v6),
    ).toEqual([]);
    expect(on({ ...host, sysctls: { 'net.ipv6.conf.default.forwarding': '0' } }, v6)).toEqual([
      'warning HostUnsuitable',
    ]);
  });

  it('the declared address is on the host', () => {
    expect(on({ addresses: ['10.203.0.99', '192.168.0.3'] })).toEqual(unsuitable);
    expect(texts(world(operationContext(), { addresses: ['10.203.0.99'] }))[0]).toContain(
      '10.203.0.13 is not an address of cp3 | correct spec.hosts.cp3.address to one of 10.203.0.99',
    );
    expect(on({ addresses: ['127.0.0.1', '10.203.0.13/24'] })).toEqual([]);
  });

  it('the machine is one that Kubernetes has images for', () => {
    expect(on({ architecture: 'aarch64' })).toEqual([]);
    expect(on({ architecture: 'i686' })).toEqual(unsuitable);
  });
});

describe('kube-vip', () => {
  const file = '/etc/kubernetes/manifests/kube-vip.yaml';
  const vip = (kubeconfig: string) => ({ kubernetesFiles: [file], kubeVip: { file, kubeconfig } });
  const external = (kind: 'init' | 'join-control-plane', kubernetesVersion = 'v1.37.1'): OperationContext => ({
    ...operationContext({ kind, kubernetesVersion }),
    loadBalancer: { kind: 'external' },
  });
  const [admin, superAdmin] = ['/etc/kubernetes/admin.conf', '/etc/kubernetes/super-admin.conf'];

  it('needs super-admin.conf on the first host', () => {
    expect(on(vip(admin), external('init'))).toEqual(unsuitable);
    expect(on(vip(superAdmin), external('init'))).toEqual([]);
    expect(texts(world(external('init'), vip(admin)))[0]).toMatch(
      /^kube-vip on cp1 uses admin\.conf, which has no rights before the cluster is made: 10\.203\.0\.10:6443 would never answer \| on cp1: `sed -i .*kube-vip\.yaml`, then init again/,
    );
  });

  it('did not before 1.29', () => {
    expect(on(vip(admin), external('init', 'v1.28.9'))).toEqual([]);
  });

  it('has no super-admin.conf on another', () => {
    expect(on(vip(superAdmin), external('join-control-plane'))).toEqual(['warning HostUnsuitable']);
    expect(on(vip(admin), external('join-control-plane'))).toEqual([]);
  });

  it('is nobody’s business behind a load balancer of Quorate’s', () => {
    expect(on(vip(admin), init())).toEqual([]);
  });
});
