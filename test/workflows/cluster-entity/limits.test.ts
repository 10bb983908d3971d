import { describe, expect, test } from 'vitest';
import { names } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import { operationContext } from '../../support/facts.js';
import { gate } from '../../support/scripted-activities.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';
import { eventually } from '../../support/workflow-harness.js';

const harness = useHarness('limits');

const worker = (cluster: string, host: string, parallelJoins: number) =>
  operationContext({ kind: 'join-worker', cluster, host, policy: { parallelJoins } });
const contextOf = (cluster: string): Promise<OperationContext | null> =>
  harness().entity(cluster).query<OperationContext | null>(names.queries.context);

/** Joins that hang in their first step until they are let go. */
const heldJoins = (cluster: string, count: number) => {
  const held = Array.from({ length: count }, () => gate());
  harness()
    .script(cluster)
    .on('readHost', ...held.map(({ hold }) => hold));
  return held;
};

describe.concurrent('worker joins at the same time', () => {
  test('are as many as the operation allows that was asked for last: more', async () => {
    const cluster = uniqueName('more');
    const held = heldJoins(cluster, 3);
    await harness().submit(worker(cluster, 'w2', 1));
    await harness().submit(worker(cluster, 'w3', 1));
    await held[0]?.reached;
    expect(await harness().queue(cluster)).toMatchObject({ running: [{ host: 'w2' }], waiting: [{ host: 'w3' }] });
    await harness().submit(worker(cluster, 'w4', 3));
    await Promise.all(held.map(({ reached }) => reached));
    expect((await harness().queue(cluster)).running.map(({ host }) => host)).toEqual(['w2', 'w3', 'w4']);
    for (const { open } of held) open();
    await harness().allEnded(cluster, 3);
  });

  test('are as many as the operation allows that was asked for last: fewer, and none is stopped for it', async () => {
    const cluster = uniqueName('fewer');
    const held = heldJoins(cluster, 2);
    await harness().submit(worker(cluster, 'w2', 2));
    await harness().submit(worker(cluster, 'w3', 2));
    await Promise.all(held.map(({ reached }) => reached));
    await harness().submit(worker(cluster, 'w4', 1));
    expect(await harness().queue(cluster)).toMatchObject({
      running: [{ host: 'w2' }, { host: 'w3' }],
      waiting: [{ host: 'w4', waitsFor: 'a free place: 2 worker joins run, the limit is 1' }],
    });
    held[0]?.open();
    await harness().allEnded(cluster, 1);
    expect((await harness().queue(cluster)).waiting).toMatchObject([
      { waitsFor: 'a free place: 1 worker joins run, the limit is 1' },
    ]);
    held[1]?.open();
    await harness().allEnded(cluster, 3);
  });

  test('keep their limit when the entity continues as new', async () => {
    const cluster = uniqueName('renewed');
    const first = worker(cluster, 'w2', 2);
    await harness().submit(first, { limits: { updatesBeforeContinueAsNew: 2 } });
    await harness().allEnded(cluster, 1);
    const { runId } = await harness().entity(cluster).describe();
    await harness().submit(first);
    await eventually(
      async () => ((await harness().entity(cluster).describe()).runId === runId ? undefined : true),
      'a new run of the entity',
    );
    expect(await contextOf(cluster)).toEqual(first);
  });
});

describe.concurrent('what is known about the cluster', () => {
  test('is what the operation said that was asked for last', async () => {
    const cluster = uniqueName('context');
    const { client, taskQueue } = harness();
    await client.workflow.start(names.workflows.cluster, {
      workflowId: `cluster/${cluster}`,
      taskQueue,
      args: [{ cluster, ended: [] }],
    });
    expect(await contextOf(cluster)).toBeNull();
    const [first, second] = [worker(cluster, 'w2', 1), worker(cluster, 'w3', 7)];
    await harness().submit(first);
    expect(await contextOf(cluster)).toEqual(first);
    await harness().submit(second);
    await harness().submit(first);
    expect(await contextOf(cluster)).toEqual(second);
    await harness().allEnded(cluster, 2);
  });

  test('is still known after the queue was lost', async () => {
    const cluster = uniqueName('lost');
    const context = worker(cluster, 'w2', 4);
    await harness().submit(context);
    await harness().allEnded(cluster, 1);
    await harness().entity(cluster).terminate('by hand');
    const { client, taskQueue } = harness();
    await client.workflow.start(names.workflows.cluster, {
      workflowId: `cluster/${cluster}`,
      taskQueue,
      args: [{ cluster, ended: [] }],
    });
    expect(await eventually(async () => (await contextOf(cluster)) ?? undefined, 'the context')).toEqual(context);
  });
});
