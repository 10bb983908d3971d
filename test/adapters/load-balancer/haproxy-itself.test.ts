import { readFileSync, statSync, chmodSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { haproxyLoadBalancer } from '../../../adapters/load-balancer/haproxy.js';
import type { LoadBalancer } from '../../../adapters/load-balancer/types.js';
import { needs, program } from '../../support/needs.js';
import { apiServerStub, freePort, haproxyHost, haproxy, isServed, leave, type HaproxyHost } from './real-haproxy.js';

const backend = 'kube-apiserver';
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

const setUp = async (): Promise<{ host: HaproxyHost; balancer: LoadBalancer; port: number; serverPort: number }> => {
  const [port, serverPort] = [await freePort(), await freePort()];
  const host = haproxyHost('lb1');
  cleanups.push(() => host.close());
  return {
    host,
    port,
    serverPort,
    balancer: haproxyLoadBalancer({ cluster: 'prod', hosts: [host], port, backend, ipv6: false, serverPort }),
  };
};

const stubAt = async (address: string, port: number) => {
  const stub = await apiServerStub(address, port);
  cleanups.push(() => stub.close());
  return stub;
};

/** Programs that can talk to a socket instead of socat. */
const clients = ['perl', 'python3', 'nc'] as const;

describe('HAProxy itself', needs(haproxy), () => {
  it('carries an API server from registered to removed, and reloads only for changes of the list', async () => {
    const { host, balancer, port, serverPort } = await setUp();
    leave(host, 'global\n\tdaemon\ndefaults\n\tmode http\n'); // as the package does
    chmodSync(host.file, 0o640);
    const stub = await stubAt('127.0.0.2', serverPort);
    expect(await balancer.describe()).toEqual([]);

    const cp1 = { name: 'cp1', address: '127.0.0.2' };
    expect(await balancer.register(cp1, 'disabled')).toBe(`registered cp1 127.0.0.2:${serverPort}, disabled, on lb1`);
    expect(host.systemctl()).toEqual(['enable -q haproxy', 'reload-or-restart haproxy']);
    expect(statSync(host.file).mode & 0o777).toBe(0o640);
    expect(await balancer.describe()).toMatchObject([
      { name: 'cp1', address: '127.0.0.2', status: 'MAINT', lastCheck: '' },
    ]);
    expect(await isServed(port)).toBe(false);
    expect(stub.checks).toBe(0);
    expect(await balancer.register(cp1, 'disabled')).toBe('already registered on lb1');

    expect(await balancer.enable('cp1')).toBe('enabled cp1 on lb1');
    await balancer.waitUntilUp('cp1', { timeoutMs: 10_000 });
    expect(await balancer.describe()).toMatchObject([{ loadBalancer: 'lb1', status: 'UP', lastCheck: 'L7OK 200' }]);
    expect(await isServed(port)).toBe(true);
    expect(await balancer.enable('cp1')).toBe('cp1 is already enabled on lb1');

    expect(await balancer.drain('cp1')).toBe('draining cp1 on lb1');
    expect(await isServed(port)).toBe(false);
    expect(readFileSync(host.file, 'utf8')).toMatch(/server cp1 .* disabled\n/);
    expect(await balancer.drain('cp1')).toBe('cp1 already gets no new connections on lb1');
    expect(await balancer.enable('cp1')).toBe('enabled cp1 on lb1');

    const client = connect(port, '127.0.0.1');
    await once(client, 'connect');
    const closed = once(client, 'close');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await balancer.disable('cp1')).toBe('disabled cp1 on lb1');
    await closed; // connections to a server in maintenance end
    expect(host.systemctl()).toHaveLength(2); // none of these reloaded

    expect(await balancer.remove('cp1')).toBe('removed cp1 on lb1');
    expect(host.systemctl()).toHaveLength(3);
    expect(await balancer.describe()).toEqual([]);
    expect(await balancer.remove('cp1')).toBe('cp1 is not registered on lb1');
    expect(host.running()).toBe(true);
  });

  it('waits for a check of its own, not for the one before the maintenance', async () => {
    const { host, balancer, serverPort } = await setUp();
    const stub = await stubAt('127.0.0.3', serverPort);
    await balancer.register({ name: 'cp1', address: '127.0.0.3' }, 'enabled');
    await balancer.waitUntilUp('cp1', { timeoutMs: 10_000 });
    await balancer.disable('cp1');
    stub.ready = false;
    await balancer.enable('cp1');
    expect((await balancer.describe())[0]?.status).toMatch(/^DOWN/);
    await expect(balancer.waitUntilUp('cp1', { timeoutMs: 3000 })).rejects.toMatchObject({
      type: 'BackendNotUp',
      message: 'lb1 does not see cp1 UP within 3 s: DOWN, last check L7STS 500 (Internal Server Error)',
    });
    stub.ready = true;
    await balancer.waitUntilUp('cp1', { timeoutMs: 10_000 });
    expect(host.systemctl()).toHaveLength(2);
  });

  it('keeps the states that an operator gave to other servers through a reload', async () => {
    const { host, balancer, serverPort } = await setUp();
    await stubAt('127.0.0.4', serverPort);
    await balancer.register({ name: 'cp1', address: '127.0.0.4' }, 'enabled');
    host.ask(`set server ${backend}/cp1 state maint`);
    await balancer.register({ name: 'cp2', address: '127.0.0.5' }, 'disabled');
    expect((await balancer.describe()).map(({ name, status }) => [name, status])).toEqual([
      ['cp1', 'MAINT'],
      ['cp2', 'MAINT'],
    ]);
  });

  it('goes on where a crash left it: file written, HAProxy not yet reloaded', async () => {
    const { host, balancer } = await setUp();
    await balancer.register({ name: 'cp1', address: '127.0.0.6' }, 'disabled');
    const other = haproxyLoadBalancer({
      hosts: [host],
      port: await freePort(),
      cluster: 'prod',
      backend,
      ipv6: false,
      serverPort: 6443,
    });
    host.program(
      'systemctl',
      'case "$1" in is-active) echo active ;; is-enabled) echo enabled ;; is-failed) exit 0 ;; esac',
    );
    await expect(other.register({ name: 'cp2', address: '127.0.0.7' }, 'disabled')).rejects.toMatchObject({
      type: 'LoadBalancerUnavailable',
      message: expect.stringContaining('it still runs another configuration') as string,
    });
    host.restoreSystemctl();
    expect(await other.register({ name: 'cp2', address: '127.0.0.7' }, 'disabled')).toMatch(/^registered cp2/);
    expect((await other.describe()).map(({ name }) => name)).toEqual(['cp1', 'cp2']);
  });

  for (const client of clients)
    it(`speaks to the socket by ${client} when socat is missing`, needs(program(client)), async () => {
      const { host, balancer } = await setUp();
      // `command -v` finds only what is allowed
      const only = (script: string): string =>
        `command() { case "$2" in socat|perl|python3|nc) [ "$2" = ${client} ] ;; *) echo "$2" ;; esac; }\n${script}`;
      const limited = haproxyLoadBalancer({
        hosts: [{ name: 'lb1', run: (script, options) => host.run(only(script), options) }],
        port: await freePort(),
        cluster: 'prod',
        backend,
        ipv6: false,
        serverPort: 6443,
      });
      await limited.register({ name: 'cp1', address: '127.0.0.8' }, 'disabled');
      expect(await balancer.describe()).toMatchObject([{ name: 'cp1', status: 'MAINT' }]);
      expect(await limited.describe()).toMatchObject([{ name: 'cp1', status: 'MAINT' }]);
    });

  it('never writes over a configuration that is in use, and shows no secret of it', async () => {
    const { host, balancer } = await setUp();
    const text = 'global\nuserlist ops\n  user admin insecure-password hunter2\nlisten web\n  bind :80\n';
    leave(host, text);
    const failure = await balancer
      .register({ name: 'cp1', address: '127.0.0.9' }, 'disabled')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ type: 'HostUnsuitable', details: { evidence: ['userlist ops', 'listen web'] } });
    expect(JSON.stringify(failure)).not.toContain('hunter2');
    expect(readFileSync(host.file, 'utf8')).toBe(text);
    expect(host.systemctl()).toEqual([]);
    expect(await balancer.disable('cp1')).toBe('cp1 is not registered on lb1');
  });

  it('leaves the old file when HAProxy refuses the new one', async () => {
    const { host, balancer } = await setUp();
    await balancer.register({ name: 'cp1', address: '127.0.0.10' }, 'disabled');
    const before = readFileSync(host.file, 'utf8');
    host.program('haproxy', 'echo "[ALERT] unknown keyword" >&2; exit 1');
    await expect(balancer.register({ name: 'cp2', address: '127.0.0.11' }, 'disabled')).rejects.toMatchObject({
      type: 'CommandFailed',
      details: { evidence: ['[ALERT] unknown keyword'] },
    });
    expect(readFileSync(host.file, 'utf8')).toBe(before);
  });

  it('does not write a file that did not arrive whole, or over one that changed meanwhile', async () => {
    const { host, port, serverPort } = await setUp();
    const cut = haproxyLoadBalancer({
      hosts: [
        {
          name: 'lb1',
          run: (script, { stdin, ...rest } = {}) =>
            host.run(script, stdin === undefined ? rest : { ...rest, stdin: stdin.slice(0, 900) }),
        },
      ],
      port,
      cluster: 'prod',
      backend,
      ipv6: false,
      serverPort,
    });
    await expect(cut.register({ name: 'cp1', address: '127.0.0.12' }, 'disabled')).rejects.toMatchObject({
      type: 'Unreachable',
    });
    expect(() => statSync(host.file)).toThrow();

    let raced = false;
    const racing = haproxyLoadBalancer({
      hosts: [
        {
          name: 'lb1',
          run: (script, options = {}) => {
            if (options.stdin !== undefined && !raced) {
              raced = true;
              writeFileSync(host.file, 'global\n# something else wrote this\n');
            }
            return host.run(script, options);
          },
        },
      ],
      port,
      cluster: 'prod',
      backend,
      ipv6: false,
      serverPort,
    });
    expect(await racing.register({ name: 'cp1', address: '127.0.0.12' }, 'disabled')).toMatch(/^registered/);
    expect(raced).toBe(true);
  });
});
