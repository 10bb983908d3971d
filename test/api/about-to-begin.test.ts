import { afterAll, beforeAll, expect, test } from 'vitest';
import { names, workflowIds, type ClusterQueue } from '../../model/messages.js';
import type { OperationKind } from '../../model/operations.js';
import type { ApiServer } from '../support/api-server.js';
import { startScriptedApi } from '../support/scripted-api.js';
import type { ScriptedOperations } from '../support/scripted-operations.js';
import { uniqueName } from '../support/temporal.js';

// An operation's turn has come and the server has not started it yet, or has, and lists do not show it yet.

let it: ScriptedOperations;
let api: ApiServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ it, api, stop } = await startScriptedApi());
});
afterAll(() => stop());

/** A queue in which one operation runs, with or without a run that the server told of. */
const queueWith = async (
  runId?: string,
  kind: OperationKind = 'join-worker',
): Promise<{ cluster: string; operation: string }> => {
  const cluster = uniqueName('begins');
  const operation = `${cluster}/${kind}/w1/1f00aa11`;
  const item = { operation, kind, host: 'w1', by: 'ann@desk', since: new Date().toISOString() };
  const workflowId = workflowIds.shared(cluster, kind, 'w1');
  const running = [{ ...item, workflowId, ...(runId === undefined ? {} : { runId }) }];
  await it.temporal.workflow.start<(state: { still: ClusterQueue }) => Promise<void>>(names.workflows.cluster, {
    workflowId: workflowIds.cluster(cluster),
    taskQueue: it.taskQueue,
    args: [{ still: { cluster, running, waiting: [], ended: [] } }],
    workflowExecutionTimeout: '1 minute',
  });
  return { cluster, operation };
};

test('one that the server has not started yet waits for its start, whoever asks', async () => {
  const { cluster, operation } = await queueWith();
  const expected = { operation, host: 'w1', by: 'ann@desk', state: 'waiting', waitsFor: 'its start' };
  expect((await it.client.list({ cluster })).operations).toMatchObject([expected]);
  expect(await it.client.find(`${cluster}/join-worker`)).toMatchObject(expected);
  expect(await it.client.view(await it.client.find(operation))).toMatchObject({ summary: expected });
  const shown = await fetch(`${api.url}/v1/operations/${operation}`);
  expect([shown.status, await shown.json()]).toMatchObject([200, { summary: expected }]);
});

test('an exclusive one has the lock then', async () => {
  const { cluster, operation } = await queueWith(undefined, 'join-control-plane');
  const expected = { operation, state: 'waiting', waitsFor: 'its start', holdsLock: true };
  expect((await it.client.list({ cluster })).operations).toMatchObject([expected]);
  expect((await it.client.clusters()).clusters.find((one) => one.cluster === cluster)).toMatchObject({
    lockedBy: operation,
    running: 0,
    waiting: 1,
  });
});

test('its cancel waits for the start, and says that it has not come rather than that the operation has ended', async () => {
  const { operation } = await queueWith();
  const began = Date.now();
  await expect(it.client.cancel(await it.client.find(operation), { by: 'ann@desk', reason: '' })).rejects.toMatchObject(
    {
      kind: 'refused',
      message: expect.stringContaining('is about to begin') as unknown,
      remedy: 'Cancel it again in a moment.',
    },
  );
  expect(Date.now() - began).toBeGreaterThan(4_000);
}, 20_000);

test('one that has begun is found before lists show it', async () => {
  const { cluster, operation } = await queueWith('0192f0c1-0000-7000-8000-000000000000');
  expect(await it.client.find(`${cluster}/join-worker`)).toMatchObject({
    operation,
    state: 'running',
    runId: '0192f0c1-0000-7000-8000-000000000000',
  });
});
