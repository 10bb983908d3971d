import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { execute } from '../../../adapters/ssh/execute.js';
import { createHosts } from '../../../adapters/ssh/hosts.js';
import { removeFile, writeFile } from '../../../adapters/ssh/write-file.js';
import type { Host, Hosts } from '../../../adapters/ssh/types.js';
import { QuorateError } from '../../../model/failures/failure.js';
import { needs } from '../../support/needs.js';
import { makeKey, opensshServer, type Sshd, startSshd } from './support/sshd.js';

describe('a real OpenSSH server', needs(...opensshServer), () => {
  let sshd: Sshd;
  let hosts: Hosts;
  let host: Host;
  beforeAll(async () => {
    sshd = await startSshd();
    const configFile = join(sshd.folder, 'config');
    writeFileSync(
      configFile,
      `Host cp1
  HostName 127.0.0.1
  Port ${sshd.port}
  User root
  IdentityFile ${sshd.key}
  UserKnownHostsFile ${sshd.knownHosts}
`,
    );
    hosts = createHosts({ configFile, environment: {} });
    host = hosts.host('cp1');
  });
  afterAll(async () => {
    await hosts.close();
    await sshd.stop();
  });

  it('runs a script with LC_ALL=C and gives its output', async () => {
    expect(await execute(host, 'greet', 'echo "hello $LC_ALL"; echo aside >&2')).toBe('hello C\n');
  });

  it('tells exit codes and signals apart', async () => {
    expect((await host.run('exit 3')).end).toEqual({ kind: 'exited', code: 3 });
    expect((await host.run('kill -TERM $$')).end).toEqual({ kind: 'signaled', signal: 'SIGTERM' });
  });

  it('sends standard input', async () => {
    const stdin = 'x'.repeat(3_000_000);
    expect((await host.run('wc -c', { stdin })).stdout.trim()).toBe('3000000');
  });

  it('runs a script that is too long for a command line, with standard input', async () => {
    const script = `#${"'".repeat(200_000)}é\ncat; echo end\n`;
    expect((await host.run(script, { stdin: 'given ' })).stdout).toBe('given end\n');
  });

  it('runs 20 commands at once over one connection', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => host.run(`echo "$PPID"; sleep 0.05; exit ${index}`)),
    );
    expect(outcomes.map(({ end }) => end)).toEqual(
      Array.from({ length: 20 }, (_, index) => ({ kind: 'exited', code: index })),
    );
  });

  it('does not wait for a background process that keeps the output open', async () => {
    const started = performance.now();
    const { end, stdout } = await host.run('sleep 30 & echo done; exit 4');
    expect({ end, stdout }).toEqual({ end: { kind: 'exited', code: 4 }, stdout: 'done\n' });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('bounds a flood on both streams at once, and reads both to the end', async () => {
    const flood = (letter: string): string => `head -c 6000000 /dev/zero | tr '\\0' ${letter}`;
    const outcome = await host.run(`${flood('a')} & ${flood('b')} >&2; wait; echo end`, { maxOutputBytes: 1000 });
    expect(outcome).toMatchObject({ end: { kind: 'exited', code: 0 }, truncated: true });
    expect(outcome.stdout).toMatch(/^a{500}\n\[\.\.\. 5999004 bytes cut \.\.\.\]\na{496}end\n$/);
    expect(outcome.stderr).toMatch(/^b{500}\n\[\.\.\. 5999000 bytes cut \.\.\.\]\nb{500}$/);
  });

  it('gives up at the deadline', async () => {
    expect((await host.run('echo begun; sleep 2', { timeoutMs: 150 })).end).toEqual({ kind: 'timeout' });
  });

  it('writes files atomically with a mode, and removes them', async () => {
    const path = join(sshd.folder, "new folder/it's");
    await writeFile(host, path, 'päss\n', { mode: '0640' });
    expect(readFileSync(path, 'utf8')).toBe('päss\n');
    expect((statSync(path).mode & 0o777).toString(8)).toBe('640');
    await removeFile(host, path);
    await removeFile(host, path);
    expect(existsSync(path)).toBe(false);
  });

  it('takes about 10 ms over an open connection', async () => {
    const times: number[] = [];
    for (let i = 0; i < 30; i++) {
      const started = performance.now();
      await host.run('true');
      times.push(performance.now() - started);
    }
    // Generous for a busy machine, yet far from the 40 ms that a delayed acknowledgement would add.
    expect(times.sort((a, b) => a - b)[3]).toBeLessThan(35);
  });

  it('opens a new connection when commands that were given up hold the sessions of the old one', async () => {
    const connection = async (): Promise<string> => execute(host, 'ask', 'echo "$SSH_CONNECTION"');
    const first = await connection();
    const given = await Promise.all(Array.from({ length: 4 }, () => host.run('exec sleep 3', { timeoutMs: 300 })));
    expect(given.map(({ end }) => end.kind)).toEqual(['timeout', 'timeout', 'timeout', 'timeout']);
    expect(await connection()).not.toBe(first);
  });

  it('presents the host key that is known, though it has several', async () => {
    const scanned = execFileSync('ssh-keyscan', ['-t', 'rsa', '-p', String(sshd.port), '127.0.0.1'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const knownHosts = join(sshd.folder, 'known_rsa');
    writeFileSync(knownHosts, scanned);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', knownHosts], { stdio: 'ignore' });
    const configFile = join(sshd.folder, 'config_rsa');
    const config = readFileSync(join(sshd.folder, 'config'), 'utf8');
    writeFileSync(configFile, config.replace(sshd.knownHosts, knownHosts));
    const others = createHosts({ configFile, environment: {} });
    expect(await execute(others.host('cp1'), 'greet', 'echo rsa')).toBe('rsa\n');
    await others.close();
  });

  it('logs in by an agent, with a key that has a passphrase, and honours IdentitiesOnly', async () => {
    const socket = join(sshd.folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      await vi.waitFor(() => expect(existsSync(socket)).toBe(true));
      const locked = join(sshd.folder, 'locked');
      copyFileSync(sshd.key, locked);
      chmodSync(locked, 0o600);
      execFileSync('ssh-add', ['-q', sshd.key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
      execFileSync('ssh-keygen', ['-q', '-p', '-N', 'passphrase', '-f', locked]);
      const configFile = join(sshd.folder, 'config_agent');
      const config = readFileSync(join(sshd.folder, 'config'), 'utf8').replace(
        `IdentityFile ${sshd.key}`,
        `IdentityFile ${locked}`,
      );
      const outcome = async (text: string, environment: Record<string, string>): Promise<string> => {
        writeFileSync(configFile, text);
        const hosts = createHosts({ configFile, environment });
        try {
          return await execute(hosts.host('cp1'), 'greet', 'echo in');
        } catch (error) {
          if (!(error instanceof QuorateError)) throw error;
          return `${error.type}: ${error.details.evidence.join('; ')}; ${error.details.remedy}`;
        } finally {
          await hosts.close();
        }
      };
      expect(await outcome(config, { SSH_AUTH_SOCK: socket })).toBe('in\n');
      const alone = await outcome(config, {});
      expect(alone).toContain('AuthenticationFailed');
      expect(alone).toContain(`${locked}: has a passphrase`);
      expect(alone).toContain(`ssh-add ${locked}`);
      expect(await outcome(`${config}  IdentitiesOnly yes\n`, { SSH_AUTH_SOCK: socket })).toBe('in\n');
      const another = config.replace(locked, makeKey(join(sshd.folder, 'another')));
      expect(await outcome(another, { SSH_AUTH_SOCK: socket })).toBe('in\n');
      expect(await outcome(`${another}  IdentitiesOnly yes\n`, { SSH_AUTH_SOCK: socket })).toContain(
        'AuthenticationFailed',
      );
      expect(await outcome(`${another}  IdentityAgent none\n`, { SSH_AUTH_SOCK: socket })).toContain(
        'AuthenticationFailed',
      );
      // An agent that is gone does not stand in the way of a key file.
      const good = config.replace(locked, sshd.key);
      expect(await outcome(good, { SSH_AUTH_SOCK: '/does/not/exist' })).toBe('in\n');
    } finally {
      agent.kill();
    }
  });
});
