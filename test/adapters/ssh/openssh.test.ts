import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../../../src/adapters/ssh/execute.js';
import { createHosts } from '../../../src/adapters/ssh/hosts.js';
import { removeFile, writeFile } from '../../../src/adapters/ssh/write-file.js';
import type { Host, Hosts } from '../../../src/adapters/ssh/types.js';
import { canRunSshd, startSshd, type Sshd } from './support/sshd.js';

describe.skipIf(!canRunSshd)('a real OpenSSH server', () => {
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

  it('measures', async () => {
    const times: number[] = [];
    for (let i = 0; i < 50; i++) {
      const t = performance.now();
      await host.run('true');
      times.push(performance.now() - t);
    }
    console.log(times.sort((a, b) => a - b)[25]);
  });
});
