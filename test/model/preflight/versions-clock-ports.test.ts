import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import { operationContext } from '../../support/facts.js';
import { init, joinWorker, texts, verdicts, world } from './world.js';

const versions = (kubeadm: string, kubelet: string): Partial<HostFacts> => ({
  versions: { kubeadm, kubelet, kubectl: kubeadm, containerd: '2.1.4' },
});
const skew = ['fatal VersionSkew'];

describe('versions', () => {
  const on = (kubeadm: string, kubelet: string, serverVersion = 'v1.37.1'): string[] =>
    verdicts(world(operationContext(), versions(kubeadm, kubelet), { serverVersion }));

  it.each([
    ['v1.37.1', 'v1.37.1'],
    ['v1.37.0', 'v1.37.9'],
    ['v1.37.1', 'v1.34.0'],
    ['v1.37.1+vendor.1', 'v1.36.4'],
  ])('kubeadm %s and kubelet %s fit v1.37.1', (kubeadm, kubelet) => {
    expect(on(kubeadm, kubelet)).toEqual([]);
  });

  it.each(['v1.36.4', 'v1.38.0'])('kubeadm %s does not', (kubeadm) => {
    expect(on(kubeadm, 'v1.36.4')).toEqual(skew);
  });

  it('a kubelet newer than the cluster does not, which kubeadm does not see', () => {
    expect(on('v1.37.1', 'v1.38.0')).toEqual(skew);
    expect(texts(world(operationContext(), versions('v1.37.1', 'v1.38.0')))[0]).toBe(
      'the kubelet on cp3 is v1.38.0, newer than prod (v1.37.1) | install kubelet v1.37 on cp3',
    );
  });

  it('a kubelet four minors older does not', () => {
    expect(on('v1.37.1', 'v1.33.0')).toEqual(skew);
    expect(texts(world(operationContext(), versions('v1.37.1', 'v1.33.0')))[0]).toContain(
      'more than 3 minor versions older than prod',
    );
  });

  it('the cluster is of the minor that the specification says', () => {
    expect(on('v1.37.1', 'v1.36.0', 'v1.36.4')).toEqual(skew);
    expect(on('v1.37.1', 'v1.37.1', 'v1.37.3')).toEqual(['warning VersionSkew']);
  });

  it('before init only the specification counts', () => {
    expect(verdicts(world(init(), versions('v1.37.1', 'v1.37.1')))).toEqual([]);
    expect(verdicts(world(init(), versions('v1.36.4', 'v1.36.4')))).toEqual(skew);
    expect(verdicts(world(init(), versions('v1.37.1', 'v1.38.0')))).toEqual(skew);
  });
});

describe('clock', () => {
  it.each([
    [0, []],
    [2_000, []],
    [-2_000, []],
    [2_001, ['warning ClockSkew']],
    [-30_000, ['warning ClockSkew']],
    [30_001, ['fatal ClockSkew']],
    [-86_400_000, ['fatal ClockSkew']],
  ])('an offset of %i ms', (clockOffsetMs, expected) => {
    expect(verdicts(world(operationContext(), { clockOffsetMs }))).toEqual(expected);
  });

  it('says which way', () => {
    expect(texts(world(operationContext(), { clockOffsetMs: -41_300 }))[0]).toMatch(
      /^the clock of cp3 is 41\.3 s behind \| enable NTP/,
    );
    expect(texts(world(operationContext(), { clockOffsetMs: 41_300 }))[0]).toMatch(/41\.3 s ahead/);
  });
});

describe('ports', () => {
  const listening = (port: number, process: string, unit?: string, pid = 811): Partial<HostFacts> => ({
    listeners: [{ port, process, pid, ...(unit === undefined ? {} : { unit }) }],
  });

  it.each([6443, 2379, 2380, 10250, 10257, 10259])('%i of a control-plane host may be held by nobody else', (port) => {
    expect(verdicts(world(operationContext(), listening(port, 'nginx', 'nginx.service')))).toEqual(['fatal PortInUse']);
  });

  it('a worker needs 10250 alone', () => {
    expect(verdicts(world(joinWorker(), listening(6443, 'haproxy', 'haproxy.service')))).toEqual([]);
    expect(verdicts(world(joinWorker(), listening(10250, 'k3s-agent', 'k3s.service')))).toEqual(['fatal PortInUse']);
  });

  it('names process, pid and unit, and how to stop it', () => {
    expect(texts(world(operationContext(), listening(10250, 'k3s-server', 'k3s.service')))).toEqual([
      'port 10250 on cp3 is held by k3s-server (pid 811, unit k3s.service); it is no part of a kubeadm node | on cp3: `systemctl disable --now k3s.service`; then retry',
    ]);
  });

  it.each([
    ['kubelet', 'kubelet.service'],
    ['kubelet', undefined],
    ['etcd', 'cri-containerd-0123.scope'],
    ['kube-controller', undefined],
    ['kube-apiserver', 'containerd.service'],
  ])('%s of %s is an earlier node, not a foreign process', (process, unit) => {
    expect(verdicts(world(operationContext(), listening(2379, process, unit)))).toEqual(['approval DirtyHost']);
  });

  it.each([
    ['etcd', 'etcd.service'],
    ['kubelet', 'snap.kubelet.daemon.service'],
  ])('%s of its own service %s is foreign', (process, unit) => {
    expect(verdicts(world(operationContext(), listening(2379, process, unit)))).toEqual(['fatal PortInUse']);
  });

  it('an unknown process is taken for the node where there is one', () => {
    expect(verdicts(world(operationContext(), listening(10250, 'unknown', undefined, 0)))).toEqual(['fatal PortInUse']);
    expect(texts(world(operationContext(), listening(10250, 'unknown', undefined, 0)))[0]).toContain(
      'held by an unknown process;',
    );
    expect(
      verdicts(world(operationContext(), { ...listening(10250, 'unknown', undefined, 0), kubeletStatePresent: true })),
    ).toEqual(['approval DirtyHost']);
  });
});
