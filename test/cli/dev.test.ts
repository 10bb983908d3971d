import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { describe, expect, test, vi } from 'vitest';
import { freePort } from '../../workers/temporal-server/ports.js';
import { needs } from '../support/needs.js';
import { clusterYaml } from '../support/run-cli.js';
import { startQuorate, type QuorateProcess } from '../support/quorate-process.js';
import { smallDisk, smallDisks } from '../support/small-disk.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually } from '../support/eventually.js';

// Whole processes are started several times.
vi.setConfig({ testTimeout: 180_000 });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const serverPid = (dev: QuorateProcess): number => Number(/Temporal server: \S+ \(pid (\d+)\)/.exec(dev.out())?.[1]);

/** A user of their own: state folder, ports; the cache with the executable is shared. */
const user = async () => {
  const state = temporaryFolder();
  const env = { XDG_STATE_HOME: state, TEMPORAL_ADDRESS: undefined, TEMPORAL_CONFIG_FILE: undefined };
  const [port, uiPort] = [await freePort(), await freePort()];
  const dev = () => startQuorate(['dev', '--port', String(port), '--ui-port', String(uiPort)], env);
  return { state, env, port, uiPort, dev };
};

describe('S18: the database', () => {
  const modes = (folder: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(folder)
        .filter((name) => name.startsWith('own'))
        .map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]),
    );

  test('is made for its user alone, also where --db-file names it, and refused when others may read it', async () => {
    const { state, env, port, uiPort } = await user();
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    const file = join(folder, 'own.db');
    const start = () =>
      startQuorate(['dev', '--port', String(port), '--ui-port', String(uiPort), '--db-file', file], env);
    const first = start();
    await first.said('quorate dev is ready');
    const made = modes(folder);
    expect(Object.keys(made)).toContain('own.db');
    expect(new Set(Object.values(made))).toEqual(new Set(['600']));
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    chmodSync(file, 0o644);
    const second = start();
    expect(await second.ended).toBe(2);
    expect(second.err()).toContain(`${file} holds the history of all operations and may be read or written by others.`);
    expect(second.err()).toContain(`chmod 600 ${file}`);
    expect(state).not.toBe(folder);
  });
});

describe('quorate dev', () => {
  test('serves on loopback, keeps its database over restarts, and ends without leaving anything', async () => {
    const { state, env, port, uiPort, dev } = await user();
    const first = dev();
    await first.said(`quorate dev is ready: Temporal UI http://127.0.0.1:${uiPort}\n`);
    expect(first.out()).toContain(`database: ${join(state, 'quorate', 'temporal.db')}\n`);
    expect(first.out()).toMatch(/^Temporal: \S+temporal \((PATH|cache|PyPI)\), version \d/m);
    expect((await fetch(`http://127.0.0.1:${uiPort}/`)).status).toBe(200);

    const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
    const client = new Client({ connection });
    await client.workflow.start('waiting', { workflowId: 'kept', taskQueue: 'nobody' });

    // Another command of this user finds the server without being told; another `dev` is refused.
    const list = startQuorate(['operations', 'list', '-o', 'json'], env);
    expect(await list.ended).toBe(0);
    expect(JSON.parse(list.out())).toEqual({ operations: [], notes: [] });
    const second = dev();
    expect(await second.ended).toBe(1);
    expect(second.err()).toContain(
      `is in use by another \`quorate dev\` (pid ${first.child.pid}, Temporal at 127.0.0.1:${port})`,
    );

    const pid = serverPid(first);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(isAlive(pid)).toBe(false);

    const third = dev();
    await third.said('quorate dev is ready');
    expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
    await connection.close();
    third.child.kill('SIGINT');
    expect(await third.ended).toBe(0);
  });

  test('starts its server again when it dies, and takes its server along when it is killed', async () => {
    const { dev } = await user();
    const first = dev();
    await first.said('quorate dev is ready');
    process.kill(serverPid(first), 'SIGKILL');
    await first.said('ended unexpectedly with exit code 137');
    await first.said('the Temporal server runs again');
    const pid = Number(/runs again \(pid (\d+)\)/.exec(first.out())?.[1]);
    expect(isAlive(pid)).toBe(true);
    first.child.kill('SIGKILL');
    await eventually(() => isAlive(pid)).toBe(false);

    const second = dev();
    await second.said('quorate dev is ready');
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });
});

test(
  'S16: a full disk is told by `quorate dev` and by who asks for an operation, and refused at the start',
  needs(smallDisks()),
  async () => {
    const disk = smallDisk(48);
    const { env, port, uiPort } = await user();
    const file = join(disk.folder, 'temporal.db');
    const start = () =>
      startQuorate(['dev', '--port', String(port), '--ui-port', String(uiPort), '--db-file', file], env);
    disk.fill();
    const refused = start();
    expect(await refused.ended).toBe(1);
    expect(refused.err()).toContain("The disk of the Temporal server's database is full.");
    expect(refused.err()).toContain(`0 KiB free on the disk of ${file}; 16 MiB are needed`);
    expect(refused.err()).toContain('--db-file');

    disk.clear();
    // What a start of the server alone leaves on a full disk.
    writeFileSync(file, '', { mode: 0o600 });
    const dev = start();
    await dev.said('quorate dev is ready');
    disk.fill();
    await dev.said(`is full: 0 KiB free on the disk of ${file}`);
    const specification = join(temporaryFolder(), 'cluster.yaml');
    writeFileSync(specification, clusterYaml('prod'));
    const joining = startQuorate(['join', 'w1', '--file', specification, '--by', 'ann'], env);
    await eventually(() => joining.out() + joining.err()).toContain('the disk of the Temporal server is full');
    joining.child.kill('SIGKILL');
    await joining.ended;
    dev.child.kill('SIGTERM');
    expect(await dev.ended).toBe(0);
  },
);

test('a worker says which server it uses and drains on SIGTERM; without a server it is exit code 4', async () => {
  const { port, env, dev } = await user();
  const named = { ...env, TEMPORAL_ADDRESS: `127.0.0.1:${port}` };
  const alone = startQuorate(['worker'], named);
  expect(await alone.ended).toBe(4);
  expect(alone.err()).toContain(`error: Temporal at 127.0.0.1:${port} does not answer`);

  const serving = dev();
  await serving.said('quorate dev is ready');
  const metricsPort = await freePort();
  const worker = startQuorate(['worker', '--metrics', `127.0.0.1:${metricsPort}`], named);
  await worker.said('quorate worker is ready: task queue quorate');
  expect(worker.out()).toContain(`Temporal: 127.0.0.1:${port}, namespace default (TEMPORAL_ADDRESS)`);
  expect(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).toContain('temporal_worker_task_slots');
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
  expect(worker.out()).toContain('quorate worker has ended');
  const lines = worker.err().trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toContain('info');
});
