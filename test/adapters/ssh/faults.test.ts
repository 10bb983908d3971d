import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerChannel } from 'ssh2';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { HostsOptions } from '../../../adapters/ssh/hosts.js';
import type { Host, Hosts } from '../../../adapters/ssh/types.js';
import { QuorateError } from '../../../model/failures/failure.js';
import { createClient, hostBlock, knownLine } from './support/client.js';
import { newKey, startServer, startTcpProxy, type ServerOptions, type TestServer } from './support/server.js';
import { freePort } from './support/sshd.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const later = <T extends { stop(): Promise<void> }>(thing: T): T => {
  cleanUps.push(() => thing.stop());
  return thing;
};
const client = () => {
  const made = createClient();
  cleanUps.push(() => made.cleanUp());
  return made;
};

interface Setup {
  readonly server: TestServer;
  readonly hosts: Hosts;
  readonly host: Host;
}

/** A server, and a host `cp1` that leads to it. */
const setUp = async (serverOptions: ServerOptions = {}, options: HostsOptions = {}): Promise<Setup> => {
  const server = later(await startServer(serverOptions));
  const hosts = client().hosts(hostBlock('cp1', server.port), [knownLine(server.port, server.hostKey)], options);
  return { server, hosts, host: hosts.host('cp1') };
};

/** The same with a wire between that can be cut. */
const setUpWire = async (serverOptions: ServerOptions = {}, options: HostsOptions = {}) => {
  const server = later(await startServer(serverOptions));
  const wire = later(await startTcpProxy(server.port));
  const hosts = client().hosts(hostBlock('cp1', wire.port), [knownLine(wire.port, server.hostKey)], options);
  return { server, wire, hosts, host: hosts.host('cp1') };
};

const failure = async (promise: Promise<unknown>): Promise<QuorateError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof QuorateError) return error;
  throw new Error(`not a QuorateError: ${String(error)}`);
};

const say =
  (text: string, then?: (channel: ServerChannel) => void) =>
  (channel: ServerChannel): void => {
    // Longer than a delayed ACK, which may hold back what was just written.
    channel.write(text, () => setTimeout(() => then?.(channel), 150));
  };

const fastKeepalive = { keepaliveIntervalMs: 50, keepaliveCountMax: 2 };

describe('a connection that is lost', () => {
  it('reset in mid-command: the outcome is unknown, with what was printed', async () => {
    let cut = (): void => undefined;
    const { wire, host } = await setUpWire({ onExec: say('begun\n', () => cut()) });
    cut = () => wire.reset();
    const outcome = await host.run('anything');
    expect(outcome).toMatchObject({ end: { kind: 'lost' }, stdout: 'begun\n' });
  });

  it('half-open: noticed by keepalive', async () => {
    let cut = (): void => undefined;
    const { wire, host } = await setUpWire({ onExec: say('begun\n', () => cut()) }, fastKeepalive);
    cut = () => wire.freeze();
    const started = performance.now();
    expect((await host.run('anything')).end).toEqual({ kind: 'lost', cause: 'Keepalive timeout' });
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('between request and confirmation: not run again, as the host may run it', async () => {
    let cut = (): void => undefined;
    const onRequest = (): boolean => {
      cut();
      return false;
    };
    const { server, wire, host } = await setUpWire({ onRequest });
    cut = () => wire.reset();
    expect((await host.run('kubeadm join')).end.kind).toBe('lost');
    expect(server.commands).toHaveLength(1);
  });

  it('while idle: the next command goes over a new one', async () => {
    const { server, wire, host } = await setUpWire();
    expect((await host.run('echo one')).stdout).toBe('one\n');
    wire.reset();
    expect((await host.run('echo two')).stdout).toBe('two\n');
    expect(server.connections).toHaveLength(2);
    expect(server.commands).toHaveLength(2);
  });

  it('a session closed without an exit code is lost too', async () => {
    const { host } = await setUp({ onExec: say('x', (channel) => channel.close()) });
    expect((await host.run('anything')).end).toEqual({
      kind: 'lost',
      cause: 'the session was closed without an exit code',
    });
  });

  it('an exit code that has arrived counts, though the connection ends with it', async () => {
    let cut = (): void => undefined;
    const { wire, host } = await setUpWire({
      onExec: (channel) => {
        channel.exit(7);
        setTimeout(() => cut(), 150);
      },
    });
    cut = () => wire.reset();
    expect((await host.run('anything')).end).toEqual({ kind: 'exited', code: 7 });
  });

  it('closing on this side settles what runs', async () => {
    const { hosts, host } = await setUp({ onExec: say('begun\n', () => void hosts.close()) });
    expect((await host.run('anything')).end.kind).toBe('lost');
    expect((await failure(host.run('true'))).type).toBe('Unreachable');
  });
});

describe('no connection', () => {
  const unreachable = async (host: Host, because: string): Promise<void> => {
    const error = await failure(host.run('true'));
    expect(error).toMatchObject({ type: 'Unreachable', details: { host: 'cp1' } });
    expect(error.message).toContain(because);
    expect(error.details.remedy).toContain('ssh cp1 true');
  };

  it('refused', async () => {
    const port = await freePort();
    await unreachable(client().hosts(hostBlock('cp1', port), []).host('cp1'), 'ECONNREFUSED');
  });

  it('a host that is frozen accepts and says nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanUps.push(async () => silent.close());
    const block = hostBlock('cp1', (silent.address() as AddressInfo).port);
    await unreachable(client().hosts(block, [], { readyTimeoutMs: 150 }).host('cp1'), 'Timed out');
    const started = performance.now();
    await unreachable(client().hosts(`Host cp1\n  ConnectTimeout 1\n${block}`, []).host('cp1'), 'Timed out');
    expect(performance.now() - started).toBeGreaterThan(900);
    const error = await failure(client().hosts(block, []).host('cp1').run('true', { timeoutMs: 100 }));
    expect(error.message).toContain('not connected before the deadline');
  });

  it('a server that closes at once', async () => {
    const rude = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(rude, 'listening');
    cleanUps.push(async () => rude.close());
    await unreachable(
      client()
        .hosts(hostBlock('cp1', (rude.address() as AddressInfo).port), [])
        .host('cp1'),
      'Connection lost before handshake',
    );
  });

  it('a name that nobody knows', async () => {
    const operator = client();
    const hosts = operator.hosts('Host typo\n  HostName no-such-host.invalid\n', []);
    const unknown = await failure(hosts.host('w9').run('true'));
    expect(unknown.type).toBe('UnknownHost');
    expect(unknown.details.remedy).toBe(
      `add "Host w9" with a HostName to ${operator.configFile}, or correct the name in the specification`,
    );
    for (const name of ['', '-oProxyCommand=x', 'a b', 'a;reboot', '$(reboot)', "a'b", 'a\nb']) {
      expect(() => hosts.host(name)).toThrow(expect.objectContaining({ type: 'UnknownHost' }));
    }
    for (const name of ['cp1', 'cp-1.example.com', '10.0.0.1', 'fd00::1', '_x'])
      expect(hosts.host(name).name).toBe(name);
  });

  it('is tried anew by the next command', async () => {
    const port = await freePort();
    const server = later(await startServer());
    const operator = client();
    const hosts = operator.hosts(hostBlock('cp1', port), []);
    expect((await failure(hosts.host('cp1').run('true'))).type).toBe('Unreachable');
    // The operator corrects the files; nothing is started anew.
    operator.hosts(hostBlock('cp1', server.port), [knownLine(server.port, server.hostKey)]);
    expect((await hosts.host('cp1').run('exit 0')).end).toEqual({ kind: 'exited', code: 0 });
  });
});

describe('login', () => {
  it('tries several keys', async () => {
    const right = newKey();
    const server = later(await startServer({ authorized: [right] }));
    const operator = client();
    writeFileSync(`${operator.folder}/right`, right.private, { mode: 0o600 });
    const hosts = operator.hosts(
      `Host cp1\n  User bob\n  IdentityFile ${operator.folder}/missing\n  IdentityFile ${operator.keyFile}\n  IdentityFile ${operator.folder}/right\n${hostBlock('cp1', server.port)}`,
      [knownLine(server.port, server.hostKey)],
    );
    expect((await hosts.host('cp1').run('exit 0', { privileged: false })).end.kind).toBe('exited');
    expect(server.users).toEqual(['bob']);
  });

  it('refused: names the keys that were tried', async () => {
    const server = later(await startServer({ authorized: [newKey()] }));
    const operator = client();
    const hosts = operator.hosts(hostBlock('cp1', server.port), [knownLine(server.port, server.hostKey)]);
    const error = await failure(hosts.host('cp1').run('true'));
    expect(error.type).toBe('AuthenticationFailed');
    expect(error.message).toContain('refuses the login as root');
    expect(error.details.evidence.join('\n')).toContain(`${operator.keyFile}: ssh-ed25519 SHA256:`);
    expect(error.details.remedy).toContain('authorized_keys of root on cp1');
  });
});

describe('host keys', () => {
  it('unknown: refused, with the fingerprint and where to add it', async () => {
    const server = later(await startServer());
    const operator = client();
    const error = await failure(operator.hosts(hostBlock('cp1', server.port), []).host('cp1').run('true'));
    expect(error.type).toBe('HostKeyUnknown');
    expect(error.message).toMatch(/presents ssh-ed25519 SHA256:[\w+/]{43}$/);
    expect(error.details.remedy).toContain(`ssh-keyscan -p ${server.port} 127.0.0.1 >> ${operator.knownHosts}`);
    expect(server.connections).toHaveLength(0);
  });

  it('changed: refused, with both fingerprints and the line to correct', async () => {
    const server = later(await startServer());
    const operator = client();
    const old = newKey();
    const hosts = operator.hosts(hostBlock('cp1', server.port), ['# mine', knownLine(server.port, old)]);
    const error = await failure(hosts.host('cp1').run('true'));
    expect(error.type).toBe('HostKeyMismatch');
    expect(error.message).toMatch(/ssh-ed25519 SHA256:\S{43}, but \S+known_hosts:2 has ssh-ed25519 SHA256:\S{43}$/);
    expect(error.details.remedy).toContain(`ssh-keygen -R '[127.0.0.1]:${server.port}' -f ${operator.knownHosts}`);
    expect(server.connections).toHaveLength(0);
  });
});

describe('sessions', () => {
  it('refused ones are asked for again', async () => {
    const { server, host } = await setUp({ refusedSessions: 3 });
    expect((await host.run('echo here')).stdout).toBe('here\n');
    expect(server.connections).toHaveLength(1);
  });

  it('refused for ever ends at the deadline: nothing was started', async () => {
    const { host } = await setUp({ refusedSessions: Number.POSITIVE_INFINITY });
    const error = await failure(host.run('true', { timeoutMs: 500 }));
    expect(error.type).toBe('Unreachable');
    expect(error.message).toContain('it refuses every session');
  });

  it('R21: one whose command was refused stays open out of reach: others go over another connection', async () => {
    const { server, host } = await setUp({ refusedCommands: 1 });
    const { end } = await host.run('true');
    expect(end).toMatchObject({ kind: 'lost', cause: expect.stringContaining('did not confirm') });
    expect((await host.run('echo here')).stdout).toBe('here\n');
    expect(server.connections).toHaveLength(2);
    await vi.waitFor(() => expect(server.connections[0]).toHaveProperty('_sock.destroyed', true));
  });

  it('20 commands share one connection, 8 at a time', async () => {
    const { server, host } = await setUp();
    const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => host.run(`sleep 0.05; echo ${index}`)));
    expect(outcomes.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(server.connections).toHaveLength(1);
    expect(server.mostSessions).toBe(8);
  });

  it('an idle connection is closed', async () => {
    const { server, host } = await setUp({}, { idleMs: 60 });
    await host.run('true');
    await host.run('true');
    const [connection] = server.connections;
    await vi.waitFor(() => expect(connection).toHaveProperty('_sock.destroyed', true));
    await host.run('true');
    expect(server.connections).toHaveLength(2);
  });
});

describe('stopping', () => {
  it('at the deadline, with what was printed', async () => {
    const { host } = await setUp({ onExec: say('begun\n') });
    expect(await host.run('x', { timeoutMs: 1_500 })).toMatchObject({ end: { kind: 'timeout' }, stdout: 'begun\n' });
  });

  it('by the caller: before, while connecting, while running', async () => {
    const { server, host } = await setUp({ onExec: say('begun\n') });
    expect((await host.run('x', { signal: AbortSignal.abort() })).end).toEqual({ kind: 'aborted' });
    const early = new AbortController();
    const connecting = host.run('x', { signal: early.signal });
    early.abort();
    expect((await connecting).end).toEqual({ kind: 'aborted' });
    expect(server.commands).toHaveLength(0);
    const late = new AbortController();
    const running = host.run('x', { signal: late.signal, onStdout: () => late.abort() });
    expect(await running).toMatchObject({ end: { kind: 'aborted' }, stdout: 'begun\n' });
  });

  it('a host that never confirms a command', async () => {
    const { host } = await setUp({ onRequest: () => false });
    expect((await host.run('x', { timeoutMs: 1_500 })).end).toEqual({ kind: 'timeout' });
  });

  it('an error of the caller who listens rejects', async () => {
    const { host } = await setUp();
    const run = host.run('echo x', {
      onStdout: () => {
        throw new Error('of the caller');
      },
    });
    await expect(run).rejects.toThrow('of the caller');
    expect((await host.run('echo y')).stdout).toBe('y\n');
  });
});

describe('output', () => {
  it('a flood is bounded', async () => {
    const { host } = await setUp();
    const outcome = await host.run('head -c 6000000 /dev/zero | tr "\\0" a; echo end', { maxOutputBytes: 1000 });
    expect(outcome.end).toEqual({ kind: 'exited', code: 0 });
    expect(outcome.truncated).toBe(true);
    expect(outcome.stdout).toMatch(/^a{500}\n\[\.\.\. 5999004 bytes cut \.\.\.\]\na{496}end\n$/);
  });

  it('secrets are redacted over the borders of chunks, in what is streamed too', async () => {
    const parts = ['the tok', 'en is abc', 'def.0123456789ab', 'cdef, and abcd'];
    const { host } = await setUp({
      onExec: async (channel) => {
        for (const part of parts) {
          channel.write(part);
          channel.stderr.write(part);
          await sleep(10);
        }
        channel.exit(0);
        channel.end();
      },
    });
    const streamed: string[] = [];
    const outcome = await host.run('x', {
      secrets: ['abcdef.0123456789abcdef'],
      onStdout: (chunk) => streamed.push(chunk),
    });
    const expected = 'the token is [redacted], and abcd';
    expect(outcome).toMatchObject({ stdout: expected, stderr: expected });
    expect(streamed.join('')).toBe(expected);
    expect(streamed.length).toBeGreaterThan(2);
  });

  it('a character split over chunks is streamed whole', async () => {
    const { host } = await setUp({
      onExec: async (channel) => {
        for (const byte of Buffer.from('ä€')) {
          channel.write(Buffer.of(byte));
          await sleep(5);
        }
        channel.exit(0);
        channel.end();
      },
    });
    const streamed: string[] = [];
    await host.run('x', { onStdout: (chunk) => streamed.push(chunk) });
    expect(streamed).toEqual(['ä', '€']);
  });
});
