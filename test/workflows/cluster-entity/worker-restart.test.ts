import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operationContext } from '../../support/facts.js';
import { expectOnceAndApart, operationRuns } from '../../support/operation-runs.js';
import { fails, gate } from '../../support/scripted-activities.js';
import { connectToTestServer, uniqueName } from '../../support/temporal.js';
import type { TestServer } from '../../support/temporal.js';
import { blocked, by, decide, quietRuntime, startHarness, workflowIdOf } from '../../support/workflow-harness.js';
import type { Harness } from '../../support/workflow-harness.js';

quietRuntime();
let server: TestServer | undefined;
beforeAll(async () => {
  server = await connectToTestServer();
});
afterAll(() => server?.close());

/** A worker on that task queue, as a process that is started anew: nothing is in its cache. */
const startWorker = (taskQueue: string): Promise<Harness> => {
  if (server === undefined) throw new Error('the server is there only while tests run');
  return startHarness(server, { taskQueue });
};

describe.concurrent('the worker is restarted', () => {
  test('while operations run, wait and are blocked: all go on', async () => {
    const taskQueue = uniqueName('restarted');
    const cluster = uniqueName('restarted');
    const [running, waiting] = ['cp3', 'cp4'].map((host) => operationContext({ cluster, host })) as [
      ReturnType<typeof operationContext>,
      ReturnType<typeof operationContext>,
    ];
    const blockedOne = operationContext({ kind: 'join-worker', cluster });
    const before = await startWorker(taskQueue);
    const held = gate();
    before.script(cluster).on('snapshotEtcd', held.hold);
    before.script(cluster).on('createCredentials', fails('CommandFailed'));
    await before.submit(blockedOne);
    const handle = before.client.workflow.getHandle(workflowIdOf(blockedOne));
    await blocked(handle);
    await before.submit(running);
    await held.reached;
    await before.submit(waiting);
    await before.close();

    const after = await startWorker(taskQueue);
    try {
      expect(await after.submit(waiting)).toMatchObject({ operation: waiting.operation });
      await decide(handle, 'retry');
      const past = await after.allEnded(cluster, 3);
      expect(past.find(({ operation }) => operation === blockedOne.operation)).toMatchObject({
        by,
        outcome: 'finished',
      });
      expect(past.filter(({ workflowId }) => workflowId === `change/${cluster}`)).toMatchObject([
        { operation: running.operation, by, outcome: 'finished' },
        { operation: waiting.operation, by, outcome: 'finished' },
      ]);
      expectOnceAndApart(await operationRuns(after.client, cluster));
    } finally {
      await after.close();
    }
  });

  test('while there is no queue: the next worker reads the one that was lost', async () => {
    const taskQueue = uniqueName('lost-restarted');
    const cluster = uniqueName('lost-restarted');
    const [running, waiting] = ['w2', 'w3'].map((host) =>
      operationContext({ kind: 'join-worker', cluster, host, policy: { parallelJoins: 1 } }),
    ) as [ReturnType<typeof operationContext>, ReturnType<typeof operationContext>];
    const before = await startWorker(taskQueue);
    const held = gate();
    before.script(cluster).on('readHost', held.hold);
    await before.submit(running);
    await held.reached;
    await before.submit(waiting);
    await before.entity(cluster).terminate('by hand');
    await before.close();

    const after = await startWorker(taskQueue);
    try {
      await after.submit(running);
      expect(await after.allEnded(cluster, 2)).toMatchObject([
        { operation: running.operation, outcome: 'finished' },
        { operation: waiting.operation, outcome: 'finished' },
      ]);
      expectOnceAndApart(await operationRuns(after.client, cluster));
    } finally {
      await after.close();
    }
  });
});
