import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Host } from '../../../../adapters/ssh/types.js';
import { QuorateError } from '../../../../model/failures/failure.js';
import { createClient, hostBlock, knownLine } from '../support/client.js';
import { newKey, startServer, startTcpProxy, type ServerOptions, type TestServer } from '../support/server.js';
import { freePort } from '../support/sshd.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const serve = async (options: ServerOptions = {}): Promise<TestServer> => {
  const server = await startServer(options);
  cleanUps.push(() => server.stop());
  return server;
};
const client = () => {
  const made = createClient();
  cleanUps.push(() => made.cleanUp());
  return made;
};

const failure = async (host: Host): Promise<QuorateError> => {
  const error: unknown = await host.run('true').catch((reason: unknown) => reason);
  if (error instanceof QuorateError) return error;
  throw new Error(`not a QuorateError: ${JSON.stringify(error)}`);
};

/** What `nc %h %p` does, with the program that is surely there; leaves its process id in a file. */
const netcat = (pidFile: string): string =>
  `"${process.execPath}" -e 'require("fs").writeFileSync("${pidFile}", String(process.pid)); const s = require("net").connect(+process.argv[2], process.argv[1]); process.stdin.pipe(s).pipe(process.stdout)' %h %p`;

const isRunning = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

describe('ProxyCommand', () => {
  it('carries the connection and ends with it', async () => {
    const server = await serve();
    const operator = client();
    const pidFile = join(operator.folder, 'pid');
    const hosts = operator.hosts(`${hostBlock('cp1', server.port)}  ProxyCommand ${netcat(pidFile)}\n`, [
      knownLine(server.port, server.hostKey),
    ]);
    const stdin = 'x'.repeat(5_000_000);
    expect((await hosts.host('cp1').run('wc -c', { stdin })).stdout.trim()).toBe('5000000');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(isRunning(pid)).toBe(true);
    await hosts.close();
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
  });

  it('that dies in mid-command loses the connection', async () => {
    const server = await serve({ onExec: (channel) => void channel.write('begun\n') });
    const operator = client();
    const pidFile = join(operator.folder, 'pid');
    const hosts = operator.hosts(`${hostBlock('cp1', server.port)}  ProxyCommand ${netcat(pidFile)}\n`, [
      knownLine(server.port, server.hostKey),
    ]);
    const onStdout = (): void => void process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    expect(await hosts.host('cp1').run('x', { onStdout })).toMatchObject({ end: { kind: 'lost' }, stdout: 'begun\n' });
  });

  it('that exits early: Unreachable, in its own words', async () => {
    const say = async (command: string): Promise<QuorateError> =>
      failure(client().hosts(`Host cp1\n  ProxyCommand ${command}\n`, []).host('cp1'));
    const refused = await say(`sh -c 'echo first >&2; echo "cannot reach %h port %p" >&2; exit 3'`);
    expect(refused.type).toBe('Unreachable');
    expect(refused.message).toContain('its ProxyCommand failed: cannot reach cp1 port 22');
    expect((await say('sh -c "exit 7"')).message).toContain('its ProxyCommand failed: it exited with 7');
    expect((await say('/does/not/exist %h')).message).toMatch(/its ProxyCommand failed: .*not found/);
  });

  it('that says nothing is ended with the attempt', async () => {
    const operator = client();
    const pidFile = join(operator.folder, 'pid');
    const command = `sh -c 'echo $$ > ${pidFile}; exec sleep 30'`;
    const hosts = operator.hosts(`Host cp1\n  ProxyCommand ${command}\n`, [], { readyTimeoutMs: 200 });
    expect((await failure(hosts.host('cp1'))).message).toContain('Timed out');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
  });

  it('does not stand for a host key that is unknown', async () => {
    const server = await serve();
    const operator = client();
    const block = `${hostBlock('cp1', server.port)}  ProxyCommand ${netcat(join(operator.folder, 'pid'))}\n`;
    expect((await failure(operator.hosts(block, []).host('cp1'))).type).toBe('HostKeyUnknown');
  });
});

describe('ProxyJump', () => {
  it('goes through jump hosts whose keys are verified, over one connection to each', async () => {
    const [outer, inner, target] = [await serve(), await serve(), await serve()];
    const known = [outer, inner, target].map((server) => knownLine(server.port, server.hostKey));
    const hosts = client().hosts(
      hostBlock('outer', outer.port) +
        hostBlock('cp1', target.port, `ProxyJump outer,me@127.0.0.1:${inner.port}`) +
        hostBlock('cp2', target.port, 'ProxyJump outer'),
      known,
    );
    const outputs = await Promise.all([
      hosts.host('cp1').run('echo one'),
      hosts.host('cp2').run('echo two'),
      hosts.host('outer').run('echo three'),
    ]);
    expect(outputs.map(({ stdout }) => stdout)).toEqual(['one\n', 'two\n', 'three\n']);
    expect([outer, inner, target].map((server) => server.users)).toEqual([['root'], ['me'], ['root', 'root']]);
    expect(outer.commands).toHaveLength(1);
  });

  it('refuses a jump host whose key is unknown, and a target whose key is', async () => {
    const [jump, target] = [await serve(), await serve()];
    const config = hostBlock('jump', jump.port) + hostBlock('cp1', target.port, 'ProxyJump jump');
    const badJump = await failure(
      client()
        .hosts(config, [knownLine(target.port, target.hostKey)])
        .host('cp1'),
    );
    expect(badJump).toMatchObject({ type: 'HostKeyUnknown', details: { host: 'cp1' } });
    expect(badJump.message).toContain('cp1 is reached through jump host jump: the host key of jump is not known');
    const badTarget = await failure(
      client()
        .hosts(config, [knownLine(jump.port, jump.hostKey), knownLine(target.port, newKey())])
        .host('cp1'),
    );
    expect(badTarget.type).toBe('HostKeyMismatch');
    expect(target.connections).toHaveLength(0);
  });

  it('tells a jump host that cannot go on from one that cannot be reached', async () => {
    const jump = await serve({ forwards: false });
    const [down, target] = [await freePort(), await freePort()];
    const known = [knownLine(jump.port, jump.hostKey)];
    const config = hostBlock('jump', jump.port) + hostBlock('down', down);
    const closed = await failure(
      client()
        .hosts(config + hostBlock('cp1', target, 'ProxyJump jump'), known)
        .host('cp1'),
    );
    expect(closed.type).toBe('Unreachable');
    expect(closed.message).toContain('jump host jump cannot reach it');
    const gone = await failure(
      client()
        .hosts(config + hostBlock('cp1', target, 'ProxyJump down'), known)
        .host('cp1'),
    );
    expect(gone.message).toContain('cp1 is reached through jump host down: no SSH connection to down');
  });

  it('loses the target with the jump host', async () => {
    const [jump, target] = [await serve(), await serve({ onExec: (channel) => void channel.write('begun\n') })];
    const wire = await startTcpProxy(jump.port);
    cleanUps.push(() => wire.stop());
    const hosts = client().hosts(hostBlock('jump', wire.port) + hostBlock('cp1', target.port, 'ProxyJump jump'), [
      knownLine(wire.port, jump.hostKey),
      knownLine(target.port, target.hostKey),
    ]);
    const outcome = await hosts.host('cp1').run('x', { onStdout: () => wire.reset() });
    expect(outcome).toMatchObject({ end: { kind: 'lost' }, stdout: 'begun\n' });
  });

  it('notices a target that went silent behind a jump host that did not', async () => {
    const [jump, target] = [await serve(), await serve({ onExec: (channel) => void channel.write('begun\n') })];
    const wire = await startTcpProxy(target.port);
    cleanUps.push(() => wire.stop());
    const hosts = client().hosts(
      hostBlock('jump', jump.port) + hostBlock('cp1', wire.port, 'ProxyJump jump'),
      [knownLine(jump.port, jump.hostKey), knownLine(wire.port, target.hostKey)],
      { keepaliveIntervalMs: 50, keepaliveCountMax: 2 },
    );
    const outcome = await hosts.host('cp1').run('x', { onStdout: () => wire.freeze() });
    expect(outcome.end).toEqual({ kind: 'lost', cause: 'Keepalive timeout' });
    expect((await hosts.host('jump').run('echo still')).stdout).toBe('still\n');
    expect(jump.connections).toHaveLength(1);
  });

  it('finds a loop', async () => {
    const loop = await failure(client().hosts('Host *\n  ProxyJump bastion\n', []).host('cp1'));
    expect(loop.type).toBe('InvalidSpecification');
    expect(loop.message).toContain('form a loop: cp1 < bastion < bastion');
  });

  it('lets an idle jump host go once nobody is behind it', async () => {
    const [jump, target] = [await serve(), await serve()];
    const hosts = client().hosts(
      hostBlock('jump', jump.port) + hostBlock('cp1', target.port, 'ProxyJump jump'),
      [jump, target].map((server) => knownLine(server.port, server.hostKey)),
      { idleMs: 50 },
    );
    await hosts.host('cp1').run('true');
    await vi.waitFor(() => expect(jump.connections[0]).toHaveProperty('_sock.destroyed', true));
    expect((await hosts.host('cp1').run('echo again')).stdout).toBe('again\n');
    expect([jump, target].map((server) => server.connections.length)).toEqual([2, 2]);
  });
});
