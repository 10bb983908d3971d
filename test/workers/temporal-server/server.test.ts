import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findTemporalExecutable } from '../../../workers/temporal-server/executable.js';
import { addSearchAttributes } from '../../../workers/temporal-server/namespace.js';
import { freePort, requireFreePort } from '../../../workers/temporal-server/ports.js';
import { startTemporalServer } from '../../../workers/temporal-server/server.js';
import { superviseTemporalServer } from '../../../workers/temporal-server/supervise.js';
import { guardian, startWatchedProcess } from '../../../workers/temporal-server/watched-process.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { eventually } from '../../support/eventually.js';

const connect = async (address: string): Promise<Client & { connection: Connection }> => {
  const connection = await Connection.connect({ address });
  onTestFinished(() => connection.close());
  return Object.assign(new Client({ connection }), { connection });
};
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const serverOptions = async (folder: string) => ({
  executable: (await findTemporalExecutable()).path,
  port: await freePort(),
  databaseFile: join(folder, 'state', 'temporal.db'),
  logFile: join(folder, 'state', 'temporal.log'),
});

describe('the development server', () => {
  test('keeps its database, retention and search attributes over a restart', async () => {
    const options = await serverOptions(temporaryFolder());
    const first = await startTemporalServer(options);
    const started = await (
      await connect(first.address)
    ).workflow.start('waiting', {
      workflowId: 'w',
      taskQueue: 'nobody',
      searchAttributes: { QuorateCluster: ['prod'], QuorateBlocked: [true] },
    });
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    expect(statSync(options.databaseFile).size).toBeGreaterThan(0);

    const second = await startTemporalServer(options);
    onTestFinished(() => second.stop());
    const client = await connect(second.address);
    const description = await client.workflow.getHandle('w').describe();
    expect(description.runId).toBe(started.firstExecutionRunId);
    await eventually(
      async () => (await client.workflow.count("QuorateCluster = 'prod' AND QuorateBlocked = true")).count,
    ).toBe(1);
    const { config } = await client.workflowService.describeNamespace({ namespace: 'default' });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
    expect(await addSearchAttributes(client.connection, 'default')).toEqual([]);
  });

  test('that dies is started again on its database, and says so', async () => {
    const options = await serverOptions(temporaryFolder());
    const said: string[] = [];
    const supervised = await superviseTemporalServer(options, { say: (line) => said.push(line), backOffMs: [10, 10] });
    onTestFinished(() => supervised.stop());
    const { pid, address } = supervised.current();
    process.kill(pid, 'SIGKILL');
    await eventually(() => said.length).toBe(2);
    expect(said[0]).toContain(`(pid ${pid}) ended unexpectedly with exit code 137`);
    expect(supervised.current().pid).not.toBe(pid);
    await (await connect(address)).workflowService.describeNamespace({ namespace: 'default' });
  });

  test('that cannot start says why and what its log says', async () => {
    const folder = temporaryFolder();
    const options = { executable: '/bin/false', port: await freePort(), logFile: join(folder, 'log') };
    await expect(startTemporalServer(options)).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringContaining('ended with exit code 1') as unknown,
      remedy: `Read its log ${join(folder, 'log')}.`,
    });
  });

  test('refuses search attributes of another type', async () => {
    const server = await startTemporalServer({ ...(await serverOptions(temporaryFolder())) });
    onTestFinished(() => server.stop());
    const { connection } = await connect(server.address);
    await connection.operatorService.removeSearchAttributes({
      namespace: 'default',
      searchAttributes: ['QuorateHost'],
    });
    await connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: { QuorateHost: 3 },
    });
    await eventually(() =>
      addSearchAttributes(connection, 'default').catch((error: unknown) => String(error)),
    ).toContain('QuorateHost (needed: Keyword)');
  });
});

test('a port in use is refused with the option that mends it', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  onTestFinished(() => void holder.close());
  const { port } = holder.address() as { port: number };
  await expect(requireFreePort('127.0.0.1', port, 'the Temporal server', '--port')).rejects.toMatchObject({
    message: `Port ${port} of 127.0.0.1 is in use, and the Temporal server needs it.`,
    remedy: expect.stringContaining('--port') as unknown,
  });
  await requireFreePort('127.0.0.1', await freePort(), 'the Temporal server', '--port');
});

describe('a watched process', () => {
  test('writes to its log, and tells its pid and exit code', async () => {
    const log = join(temporaryFolder(), 'log');
    const child = await startWatchedProcess('/bin/sh', ['-c', 'echo out; echo "pid $$" >&2; exit 7'], log);
    expect(await child.ended).toBe(7);
    expect(child.lastLines(2)).toEqual(['out', `pid ${child.pid}`]);
  });

  test('that ignores SIGTERM is killed after the grace time', async () => {
    const log = join(temporaryFolder(), 'log');
    const child = await startWatchedProcess('/bin/sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], log);
    await child.stop(200);
    expect(isAlive(child.pid)).toBe(false);
  });

  test('ends when its parent is killed', async () => {
    // A child process has no loader for TypeScript: this parent starts the guardian in the way the module does.
    const parent = spawn(
      process.execPath,
      [
        '-e',
        `const child = require('node:child_process').spawn('/bin/sh', ['-c', process.argv[1], 'sh', 'sleep', '600'],
          { stdio: ['ignore', 'pipe', 'ignore', 'pipe'], detached: true });
         child.stdout.pipe(process.stdout);`,
        guardian,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await eventually(() => isAlive(pid)).toBe(false);
  });
});
