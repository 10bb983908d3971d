import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { clusterYaml } from '../../lab/cluster-yaml.js';
import type { LabHost } from '../../lab/host/host.js';
import { checkTopology, DEFAULT_HOSTS, makeTopology } from '../../lab/topology.js';

describe('the topology of a lab', () => {
  test('is by default three control-plane nodes behind a load balancer, and two workers', () => {
    expect(DEFAULT_HOSTS.map((host) => `${host.name}=${host.addressSuffix}`)).toEqual([
      'lb1=10',
      'cp1=11',
      'cp2=12',
      'cp3=13',
      'w1=21',
      'w2=22',
    ]);
    checkTopology('main', DEFAULT_HOSTS);
  });

  test('is refused with all that is wrong', () => {
    const node = { kind: 'node', addressSuffix: 11 } as const;
    const hosts = [
      { ...node, name: 'a' },
      { ...node, name: 'a' },
      { ...node, name: 'far-too-long-a-name', addressSuffix: 1 },
    ];
    expect(() => checkTopology('Not A Name', hosts)).toThrow(
      /name of a lab .*two hosts are called a.*two hosts have the address suffix 11.*name of a host .*"far-too-long-a-name".*from 2 to 254/,
    );
  });
});

test('the cluster specification has every host with its role', () => {
  const hosts = makeTopology({ controlPlanes: 1, workers: 1, loadBalancers: 1, kubernetesVersion: 'v1.36.4' }).map(
    (host) => ({ ...host, address: `10.203.7.${host.addressSuffix}` }) as unknown as LabHost,
  );
  const { metadata, spec } = parse(clusterYaml({ name: 'x', hosts })) as { metadata: unknown; spec: unknown };
  expect(metadata).toEqual({ name: 'x' });
  expect(spec).toMatchObject({
    kubernetesVersion: 'v1.36.4',
    controlPlaneEndpoint: '10.203.7.10:6443',
    loadBalancer: { kind: 'haproxy', hosts: ['lb1'] },
    hosts: {
      cp1: { role: 'control-plane', address: '10.203.7.11' },
      w1: { role: 'worker', address: '10.203.7.21' },
      lb1: { role: 'load-balancer', address: '10.203.7.10' },
    },
    kubeadm: { kubeProxy: { conntrack: { maxPerCore: 0, min: 0 } } },
  });
});
