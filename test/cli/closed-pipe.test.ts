import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { QuorateClient } from '../../api/client/client.js';
import { freePort } from '../../workers/temporal-server/ports.js';
import { startApiServer } from '../support/api-server.js';
import { eventually } from '../support/eventually.js';
import { blockedByUnreachable, operationView } from '../support/operation-views.js';
import { main } from '../support/quorate-process.js';
import { clusterYaml } from '../support/run-cli.js';
import { stubClient } from '../support/stub-client.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// Whole processes are started, with pipes that a shell makes, as an operator's would.
vi.setConfig({ testTimeout: 120_000 });

/** Runs a line of bash in which "$@" is the program; what bash itself ends with is the exit code. */
const bash = (line: string, args: readonly string[], env: Record<string, string | undefined>) => {
  const child = spawn('bash', ['-c', line, 'bash', process.execPath, main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    detached: true,
  });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // It and all that it started have ended.
    }
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, out: () => out, ended };
};

describe('R22: a command keeps its exit code when nobody reads what it prints', () => {
  /** The exit code with output, errors, or both, in a pipe whose reader has ended. */
  const codes = async (args: readonly string[], env: Record<string, string | undefined> = {}) => {
    const lines = ['"$@" | true', '"$@" 2>&1 >/dev/null | true', '"$@" 2>&1 | true'];
    return Promise.all(lines.map((line) => bash(`${line}; exit "\${PIPESTATUS[0]}"`, args, env).ended));
  };
  const serve = async (own: Partial<QuorateClient> = {}) => {
    const { url, stop } = await startApiServer(stubClient(own));
    onTestFinished(stop);
    return { QUORATE_SERVER: url };
  };

  test('done is 0, and bad usage 2', async () => {
    expect(await codes(['--help'])).toEqual([0, 0, 0]);
    expect(await codes(['operations', 'list', '--output', 'json'], await serve())).toEqual([0, 0, 0]);
    expect(await codes(['nosuchcommand'])).toEqual([2, 2, 2]);
    expect(await codes(['validate', '/nonexistent.yaml'])).toEqual([2, 2, 2]);
  });

  test('problems that status finds are 1, a server that does not answer is 4', async () => {
    const file = join(temporaryFolder(), 'cluster.yaml');
    writeFileSync(file, clusterYaml('prod'));
    const healthy = await stubClient().status({ text: '', file: '' });
    const env = await serve({ status: () => Promise.resolve({ ...healthy, problems: ['a Node is not Ready'] }) });
    expect(await codes(['status', '-f', file], env)).toEqual([1, 1, 1]);
    const nobody = { QUORATE_SERVER: `http://127.0.0.1:${await freePort()}` };
    expect(await codes(['operations', 'list'], nobody)).toEqual([4, 4, 4]);
  });

  test('blocked is 3, also when the operation blocks after many lines that nobody read', async () => {
    const env = await serve({
      watch: async function* () {
        for (let line = 0; line < 200; line += 1) {
          yield await Promise.resolve(
            operationView({ activity: { type: 'runKubeadm', attempt: 1, lastLine: `[etcd] line ${line}` } }),
          );
        }
        const blocked = operationView({ progress: { blocked: blockedByUnreachable } });
        yield { ...blocked, summary: { ...blocked.summary, state: 'blocked' } };
      },
    });
    expect(await codes(['operations', 'watch', 'prod/join-worker/w2/1f00aa11'], env)).toEqual([3, 3, 3]);
  });
});

test('R22: what cannot be written for another reason than a closed pipe is an error', async () => {
  const { ended, out } = bash('"$@" > /dev/full', ['--version'], {});
  expect(await ended).toBe(1);
  expect(out()).toContain('error: The output could not be written: ENOSPC: no space left on device, write\n');
  // How the command ended is of more use than that.
  expect(await bash('"$@" > /dev/full', ['nosuchcommand'], {}).ended).toBe(2);
});

describe('R22: a server goes on when nobody reads what it prints', () => {
  const oneLine = 'exec "$@" > >(head -n 1 >&2) 2> >(head -n 1 >/dev/null)';
  const user = () => ({
    XDG_STATE_HOME: temporaryFolder(),
    TEMPORAL_ADDRESS: undefined,
    TEMPORAL_CONFIG_FILE: undefined,
  });
  /** Whether an HTTP server answers there. */
  const answers = (url: string): Promise<boolean> =>
    fetch(url).then(
      (response) => response.ok,
      () => false,
    );

  test('quorate dev, its Temporal server and its API; and quorate worker whose log pipe dies', async () => {
    const env = user();
    const [port, uiPort, api, metrics] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const address = `127.0.0.1:${port}`;
    const dev = bash(
      oneLine,
      [
        'dev',
        '--port',
        `${port}`,
        '--ui-port',
        `${uiPort}`,
        '--api',
        `127.0.0.1:${api}`,
        '--without-tokens',
        '--log-level',
        'debug',
      ],
      env,
    );
    await eventually(() => answers(`http://127.0.0.1:${api}/readyz`)).toBe(true);
    expect(dev.out()).toMatch(/^Temporal: /);
    expect(await answers(`http://127.0.0.1:${uiPort}/`)).toBe(true);

    const worker = bash(oneLine, ['worker', '--metrics', `127.0.0.1:${metrics}`, '--log-level', 'debug'], {
      ...env,
      TEMPORAL_ADDRESS: address,
    });
    // It logs at every start of a worker, long after the first line: by then the pipe has been closed.
    await eventually(async () => {
      const text = await fetch(`http://127.0.0.1:${metrics}/metrics`).then(
        (response) => response.text(),
        () => '',
      );
      return text.includes('temporal_worker_task_slots');
    }).toBe(true);
    worker.child.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    dev.child.kill('SIGTERM');
    expect(await dev.ended).toBe(0);
    expect(await answers(`http://127.0.0.1:${uiPort}/`)).toBe(false);
  });

  test('quorate server', async () => {
    const port = await freePort();
    const server = bash(
      oneLine,
      ['server', '--listen', `127.0.0.1:${port}`, '--without-tokens', '--log-level', 'debug'],
      {
        ...user(),
        TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
      },
    );
    await eventually(() => answers(`http://127.0.0.1:${port}/healthz`)).toBe(true);
    // Each request is logged.
    for (let request = 0; request < 5; request += 1)
      expect(await answers(`http://127.0.0.1:${port}/healthz`)).toBe(true);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });
});
