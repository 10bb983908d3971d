import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { execute } from '../../../adapters/ssh/execute.js';
import { createHosts, type HostsOptions } from '../../../adapters/ssh/hosts.js';
import type { Host } from '../../../adapters/ssh/types.js';
import { needs } from '../../support/needs.js';
import { startTcpProxy, type TcpProxy } from './support/server.js';
import { opensshServer, startSshd } from './support/sshd.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Setup {
  readonly folder: string;
  readonly host: Host;
  /** Between Quorate and sshd: counts the connections. */
  readonly wire: TcpProxy;
}

const setUp = async (maxSessions: number, options: HostsOptions = {}): Promise<Setup> => {
  const sshd = await startSshd(`MaxSessions ${maxSessions}`);
  cleanUps.push(() => sshd.stop());
  const wire = await startTcpProxy(sshd.port);
  cleanUps.push(() => wire.stop());
  const { folder } = sshd;
  const configFile = join(folder, 'config');
  const knownHosts = join(folder, 'known_wire');
  writeFileSync(knownHosts, readFileSync(sshd.knownHosts, 'utf8').replace(`:${sshd.port} `, `:${wire.port} `));
  writeFileSync(
    configFile,
    `Host cp1
  HostName 127.0.0.1
  Port ${wire.port}
  User root
  IdentityFile ${sshd.key}
  UserKnownHostsFile ${knownHosts}
`,
  );
  const hosts = createHosts({ configFile, environment: {}, ...options });
  cleanUps.push(() => hosts.close());
  return { folder, host: hosts.host('cp1'), wire };
};

const connectionOf = (host: Host): Promise<string> =>
  execute(host, 'ask', 'echo "$SSH_CONNECTION"', { timeoutMs: 3500 });

/** Gives up a command that goes on for so long and leaves a file at its end. */
const giveUp = async (host: Host, file: string, seconds: number): Promise<string> => {
  const { end } = await host.run(`echo begun; sleep ${seconds}; : > ${file}`, { timeoutMs: 500 });
  return end.kind;
};

describe('an OpenSSH server that grants few sessions over one connection', needs(...opensshServer), () => {
  it('R21: MaxSessions 2 and two commands that were given up: the host is not blocked, and nothing is killed', async () => {
    const { folder, host, wire } = await setUp(2);
    const first = await connectionOf(host);
    const files = ['a', 'b'].map((name) => join(folder, name));
    expect(await Promise.all(files.map((file) => giveUp(host, file, 5)))).toEqual(['timeout', 'timeout']);
    const second = await connectionOf(host);
    expect(second).not.toBe(first);
    expect(await connectionOf(host)).toBe(second);
    expect(wire.open).toBe(2);
    // They run to their end, and the connection that they held is closed then.
    expect(files.map((file) => existsSync(file))).toEqual([false, false]);
    await vi.waitFor(() => expect(files.map((file) => existsSync(file))).toEqual([true, true]), 8000);
    await vi.waitFor(() => expect(wire.open).toBe(1), 5000);
    expect(await connectionOf(host)).toBe(second);
  });

  it('R21: MaxSessions 2 and one given up beside one that is waited for', async () => {
    const { folder, host } = await setUp(2);
    const long = host.run('sleep 5; echo end', { timeoutMs: 20_000 });
    expect(await giveUp(host, join(folder, 'a'), 5)).toBe('timeout');
    await connectionOf(host);
    expect((await long).stdout).toBe('end\n');
  });

  it('R21: MaxSessions 1: one that was given up blocks nothing', async () => {
    const { folder, host } = await setUp(1);
    expect(await giveUp(host, join(folder, 'a'), 5)).toBe('timeout');
    await connectionOf(host);
  });

  it('R21: MaxSessions 1: a command that lasts does not hold up the others', async () => {
    const { host, wire } = await setUp(1);
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const long = host.run('echo begun; sleep 3; echo end', { timeoutMs: 20_000, onStdout: () => begun() });
    await running;
    const started = performance.now();
    await connectionOf(host);
    expect(performance.now() - started).toBeLessThan(2800);
    expect(wire.open).toBe(2);
    expect((await long).stdout).toBe('begun\nend\n');
  });

  it('R21: MaxSessions 1: twenty at once all run, over no more connections than commands are run at a time', async () => {
    const { host, wire } = await setUp(1);
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, wire.open)), 5);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => host.run(`sleep 0.1; exit ${index}`, { timeoutMs: 20_000 })),
    );
    clearInterval(watch);
    expect(outcomes.map(({ end }) => end)).toEqual(
      Array.from({ length: 20 }, (_, index) => ({ kind: 'exited', code: index })),
    );
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(8);
  });

  it('R21: connections are bounded: when commands that were given up hold all of them, that is said, until one ends', async () => {
    const { folder, host, wire } = await setUp(1, { maxConnections: 2 });
    const files = ['a', 'b'].map((name) => join(folder, name));
    for (const file of files) expect(await giveUp(host, file, 5)).toBe('timeout');
    await expect(host.run('true', { timeoutMs: 500 })).rejects.toMatchObject({
      type: 'Unreachable',
      message: expect.stringMatching(/no session.* 2 commands that were given up .*still run/),
      details: { host: 'cp1', remedy: expect.stringContaining('MaxSessions') },
    });
    expect(wire.open).toBe(2);
    await vi.waitFor(() => connectionOf(host), 15_000);
    expect(wire.open).toBeLessThanOrEqual(2);
  });

  it('R21: MaxSessions 0: says that no session is granted', async () => {
    const { host } = await setUp(0);
    await expect(host.run('true', { timeoutMs: 1500 })).rejects.toMatchObject({
      type: 'Unreachable',
      message: expect.stringContaining('refuses every session'),
      details: { remedy: expect.stringContaining('MaxSessions') },
    });
  });
});
