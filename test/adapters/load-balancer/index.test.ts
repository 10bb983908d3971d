import { describe, expect, it } from 'vitest';
import { createLoadBalancer } from '../../../adapters/load-balancer/index.js';
import { parseServers } from '../../../adapters/load-balancer/configuration.js';
import type { Hosts } from '../../../adapters/ssh/types.js';
import { simulatedHaproxy } from './simulated-haproxy.js';

const lb1 = simulatedHaproxy('lb1');
const hosts: Hosts = {
  host: (name) => {
    if (name === 'balancer-one') return lb1.host;
    throw new Error(`asked for ${name}`);
  },
  close: () => Promise.resolve(),
};
const loadBalancer = {
  kind: 'haproxy',
  backend: 'kube-apiserver',
  hosts: [{ name: 'lb1', address: '10.0.0.10', ssh: 'balancer-one' }],
} as const;

describe('createLoadBalancer', () => {
  it('listens on the port of the endpoint, and reaches the hosts by their SSH names', async () => {
    const balancer = createLoadBalancer({
      cluster: 'prod',
      hosts,
      loadBalancer: { ...loadBalancer, hosts: [...loadBalancer.hosts] },
      endpoint: '[fd00::10]:8443',
    });
    await balancer.register({ name: 'cp1', address: '10.0.0.11' }, 'enabled');
    expect(lb1.file).toContain('bind :::8443 v4v6\n');
    expect(parseServers(lb1.file ?? '')).toMatchObject([{ name: 'cp1', port: 6443 }]);
  });

  it('refuses an endpoint that has no port', () => {
    expect(() =>
      createLoadBalancer({
        cluster: 'prod',
        hosts,
        loadBalancer: { ...loadBalancer, hosts: [...loadBalancer.hosts] },
        endpoint: 'api.example.org',
      }),
    ).toThrow(/api.example.org is not host:port/);
  });

  it('changes nothing of an external one, and says so', async () => {
    const balancer = createLoadBalancer({
      cluster: 'prod',
      hosts,
      loadBalancer: { kind: 'external' },
      endpoint: '10.0.0.10:6443',
    });
    const notes = await Promise.all([
      balancer.register({ name: 'cp1', address: '10.0.0.11' }, 'enabled'),
      balancer.enable('cp1'),
      balancer.disable('cp1'),
      balancer.drain('cp1'),
      balancer.remove('cp1'),
    ]);
    for (const note of notes)
      expect(note).toMatch(/^cp1 was not .*: the load balancer is external, so nothing was changed/);
    expect(await balancer.describe()).toEqual([]);
    await balancer.waitUntilUp('cp1', { timeoutMs: 1 });
  });
});
