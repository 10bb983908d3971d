import { beforeEach, describe, expect, it } from 'vitest';
import { parseServers } from '../../../adapters/load-balancer/configuration.js';
import { haproxyLoadBalancer } from '../../../adapters/load-balancer/haproxy.js';
import type { LoadBalancer } from '../../../adapters/load-balancer/types.js';
import { sectioned } from '../../support/fake-host.js';
import { simulatedHaproxy, type SimulatedHaproxy } from './simulated-haproxy.js';

const cp1 = { name: 'cp1', address: '10.0.0.11' };
const cp2 = { name: 'cp2', address: '10.0.0.12' };

let lb1: SimulatedHaproxy;
let lb2: SimulatedHaproxy;
let balancer: LoadBalancer;
beforeEach(() => {
  lb1 = simulatedHaproxy('lb1');
  lb2 = simulatedHaproxy('lb2');
  balancer = haproxyLoadBalancer({
    hosts: [lb1.host, lb2.host],
    port: 6443,
    cluster: 'prod',
    backend: 'kube-apiserver',
    ipv6: false,
    serverPort: 6443,
  });
});

const lost = () => ({ end: { kind: 'lost', cause: 'ECONNRESET' } }) as const;
const names = ({ file }: SimulatedHaproxy): string[] => parseServers(file ?? '').map(({ name }) => name);

describe('S2: the load balancer of another cluster', () => {
  const rogue = (): LoadBalancer =>
    haproxyLoadBalancer({
      hosts: [lb1.host],
      cluster: 'rogue',
      port: 7443,
      backend: 'kube-apiserver',
      ipv6: false,
      serverPort: 6443,
    });
  const changes: readonly (readonly [string, (of: LoadBalancer) => Promise<unknown>])[] = [
    ['described', (of) => of.describe()],
    ['given a server', (of) => of.register({ name: 'w5', address: '10.0.0.35' }, 'enabled')],
    ['deprived of one', (of) => of.remove('cp1')],
    ['told to disable one', (of) => of.disable('cp1')],
    ['told to drain one', (of) => of.drain('cp1')],
    ['told to enable one', (of) => of.enable('cp1')],
  ];
  it.each(changes)('is not %s', async (_, change) => {
    await balancer.register(cp1, 'enabled');
    const before = [lb1.file, lb1.reloads];
    await expect(change(rogue())).rejects.toMatchObject({
      type: 'ClusterMismatch',
      message: 'HAProxy on lb1 is the load balancer of prod, not of rogue: /etc/haproxy/haproxy.cfg there says so',
      details: { remedy: expect.stringContaining('name another host in spec.loadBalancer.hosts') as string },
    });
    expect([lb1.file, lb1.reloads]).toEqual(before);
  });

  it('is what its file says: one that does not say is taken', async () => {
    await balancer.register(cp1, 'enabled');
    lb1.file = lb1.file?.replace('# cluster prod\n', '');
    await rogue().register({ name: 'w5', address: '10.0.0.35' }, 'enabled');
    expect(lb1.file).toContain('# cluster rogue\n');
  });
});

describe('two load balancers', () => {
  it('are changed both, once each', async () => {
    expect(await balancer.register(cp1, 'enabled')).toBe('registered cp1 10.0.0.11:6443, enabled, on lb1, lb2');
    expect(await balancer.register(cp2, 'disabled')).toBe('registered cp2 10.0.0.12:6443, disabled, on lb1, lb2');
    expect(await balancer.enable('cp2')).toBe('enabled cp2 on lb1, lb2');
    expect(await balancer.disable('cp1')).toBe('disabled cp1 on lb1, lb2');
    expect([lb1.reloads, lb2.reloads]).toEqual([2, 2]);
    expect(lb1.file).toBe(lb2.file);
    expect(await balancer.describe()).toEqual(
      ['lb1', 'lb2'].flatMap((loadBalancer) => [
        { loadBalancer, ...cp1, status: 'MAINT', lastCheck: '' },
        { loadBalancer, ...cp2, status: 'UP', lastCheck: 'L7OK 200' },
      ]),
    );
  });

  it('need one command to see that nothing is to do, and two for a change', async () => {
    await balancer.register(cp1, 'disabled');
    expect(lb1.host.runs).toHaveLength(2);
    expect(await balancer.register(cp1, 'disabled')).toBe('already registered on lb1, lb2');
    expect(lb1.host.runs).toHaveLength(3);
  });

  it('change the one that answers and name the other; a retry does the rest', async () => {
    await balancer.register(cp1, 'enabled');
    lb2.instead = lost;
    await expect(balancer.disable('cp1')).rejects.toMatchObject({
      type: 'Unreachable',
      message: expect.stringMatching(/lb2: the connection was lost .*\(done on lb1\)$/) as string,
      details: { host: 'lb2' },
    });
    lb2.instead = undefined;
    expect(await balancer.disable('cp1')).toBe('disabled cp1 on lb2; cp1 is already disabled on lb1');
  });

  it('give the definitive failure when they fail differently, and name both', async () => {
    lb1.instead = lost;
    lb2.instead = ({ script }) => sectioned(script, { program: '', client: 'perl', end: '' });
    await expect(balancer.register(cp1, 'enabled')).rejects.toMatchObject({
      type: 'HostUnsuitable',
      message: expect.stringMatching(/not installed on lb2; .*lb1.*\(done on none\)/) as string,
    });
  });

  it('hand their servers to one that is new', async () => {
    await balancer.register(cp1, 'enabled');
    lb2.file = undefined;
    lb2.running = undefined;
    await balancer.register(cp2, 'disabled');
    expect(names(lb2)).toEqual(['cp1', 'cp2']);
  });

  it('do not configure a new one while the servers cannot be known', async () => {
    await balancer.register(cp1, 'enabled');
    lb2.file = undefined;
    lb2.running = undefined;
    lb1.instead = lost;
    await expect(balancer.register(cp2, 'disabled')).rejects.toMatchObject({
      message: expect.stringContaining('HAProxy on lb2 is not configured yet') as string,
    });
    expect(lb2.file).toBeUndefined();
  });
});

describe('a change', () => {
  it('moves a server that has another address', async () => {
    await balancer.register(cp1, 'enabled');
    await balancer.register({ name: 'cp1', address: '10.0.0.99' }, 'disabled');
    expect(parseServers(lb1.file ?? '')).toEqual([{ name: 'cp1', address: '10.0.0.99', port: 6443, disabled: true }]);
  });

  it('takes connections from a server before it is removed', async () => {
    await balancer.register(cp1, 'enabled');
    await balancer.remove('cp1');
    const script = lb1.host.runs.at(-1)?.script ?? '';
    expect(script.indexOf('set server kube-apiserver/cp1 state maint')).toBeGreaterThan(0);
    expect(script.indexOf('set server kube-apiserver/cp1 state maint')).toBeLessThan(
      script.indexOf('reload-or-restart'),
    );
    expect(names(lb1)).toEqual([]);
  });

  it('goes on where a crash left it: file without the server, HAProxy with it', async () => {
    await balancer.register(cp1, 'enabled');
    const before = lb1.running;
    await balancer.remove('cp1');
    lb1.running = before;
    expect(await balancer.remove('cp1')).toBe('removed cp1 on lb1; cp1 is not registered on lb2');
    expect(lb1.running?.servers.size).toBe(0);
  });

  it('never enables what is not registered', async () => {
    await balancer.register(cp1, 'enabled');
    await expect(balancer.enable('cp9')).rejects.toMatchObject({
      type: 'CommandFailed',
      message: 'cp9 is not registered on lb1, lb2, so it cannot be enabled',
    });
  });

  it.each(['disable', 'drain', 'remove'] as const)(
    'has nothing to %s on hosts that were never configured',
    async (what) => {
      expect(await balancer[what]('cp1')).toBe('cp1 is not registered on lb1, lb2');
      expect(lb1.file).toBeUndefined();
    },
  );

  it('says what is missing on a host', async () => {
    lb2.instead = ({ script }) => sectioned(script, { program: '/usr/sbin/haproxy', client: '', end: '' });
    await expect(balancer.register(cp1, 'enabled')).rejects.toMatchObject({
      type: 'HostUnsuitable',
      details: { remedy: expect.stringContaining('apt-get install socat') as string },
    });
  });

  it('decides anew when the file changed meanwhile, but not for ever', async () => {
    lb2.instead = ({ script }) => (script.includes('flock') ? sectioned(script, { changed: '', end: '' }) : undefined);
    await expect(balancer.register(cp1, 'enabled')).rejects.toMatchObject({
      type: 'LoadBalancerUnavailable',
      message: expect.stringContaining('changed by something else again and again') as string,
    });
    expect(lb2.host.runs).toHaveLength(10);
  });

  it("gives HAProxy's own reason when it does not start", async () => {
    const alert = '[ALERT]    (1270) : cannot bind socket (Address already in use) for [0.0.0.0:6443]';
    lb1.instead = ({ script }) =>
      script.includes('flock') ? sectioned(script, { journal: alert, runtime: 'refused', end: '' }) : undefined;
    await expect(balancer.register(cp1, 'enabled')).rejects.toMatchObject({
      type: 'LoadBalancerUnavailable',
      message: expect.stringContaining(
        'told: cannot bind socket (Address already in use) for [0.0.0.0:6443]',
      ) as string,
    });
  });
});

describe('describe', () => {
  it('is empty where nothing was ever configured', async () => {
    lb1.instead = ({ script }) => sectioned(script, { program: '', end: '' });
    expect(await balancer.describe()).toEqual([]);
  });

  it('fails where HAProxy was configured and is silent', async () => {
    await balancer.register(cp1, 'enabled');
    lb1.running = undefined;
    await expect(balancer.describe()).rejects.toMatchObject({
      type: 'LoadBalancerUnavailable',
      message: expect.stringContaining('socket of HAProxy on lb1 does not answer: connect: No such file') as string,
    });
  });

  it('refuses an output that was cut', async () => {
    lb1.instead = ({ script }) => sectioned(script, { program: '/usr/sbin/haproxy' });
    await expect(balancer.describe()).rejects.toMatchObject({ type: 'CommandFailed' });
  });
});
