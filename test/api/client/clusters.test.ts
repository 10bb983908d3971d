import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import {
  blockedByDirtyHost,
  startScriptedOperations,
  type ScriptedOperations,
} from '../../support/scripted-operations.js';
import { uniqueName } from '../../support/temporal.js';

let it: ScriptedOperations;
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  it = await startScriptedOperations({ alone: true });
  stopWorker = await it.startWorker();
});
afterAll(() => it.stop());

const clusterOf = async (name: string) => (await it.client.clusters()).clusters.find(({ cluster }) => cluster === name);

test('each cluster with who holds its lock, and how many run, are blocked and wait', async () => {
  const [busy, idle] = [uniqueName('busy'), uniqueName('idle')];
  const holder = it.request('join-control-plane', 'cp1', busy);
  await it.submit(holder);
  for (const host of ['cp2', 'cp3']) await it.submit(it.request('join-control-plane', host, busy));
  for (const host of ['w1', 'w2', 'w3']) await it.submit(it.request('join-worker', host, busy));
  const lockedBy = holder.context.operation;
  await eventually(() => clusterOf(busy)).toEqual({ cluster: busy, lockedBy, running: 4, blocked: 0, waiting: 2 });

  await it.play(`change/${busy}`, { blocked: blockedByDirtyHost });
  await it.play(`op/${busy}/join-worker/w1`, { blocked: blockedByDirtyHost });
  await it.play(`op/${busy}/join-worker/w2`, { outcome: 'finished', summary: 'done' });
  await eventually(() => clusterOf(busy)).toEqual({ cluster: busy, lockedBy, running: 1, blocked: 2, waiting: 2 });

  await it.submit(it.request('join-worker', 'w1', idle));
  await eventually(() => clusterOf(idle)).toMatchObject({ running: 1 });
  await it.play(`op/${idle}/join-worker/w1`, { outcome: 'finished', summary: 'done' });
  await eventually(() => clusterOf(idle)).toEqual({ cluster: idle, running: 0, blocked: 0, waiting: 0 });
  const { clusters, notes } = await it.client.clusters();
  expect(clusters.map(({ cluster }) => cluster)).toEqual([busy, idle]);
  expect(notes).toEqual([]);

  // What runs outlives a queue that was ended from outside.
  await it.temporal.workflow.getHandle(`cluster/${busy}`).terminate('by hand');
  await eventually(() => clusterOf(busy)).toEqual({ cluster: busy, lockedBy, running: 1, blocked: 2, waiting: 0 });

  await stopWorker();
  expect((await it.client.clusters()).notes).toEqual([
    `operations of ${idle} that wait for their turn are not listed: no worker answers`,
  ]);
});
