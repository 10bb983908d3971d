import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { names, workflowIds } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import type { ClusterEntityState } from '../../../workflows/cluster-entity.js';
import { operationContext } from '../../support/facts.js';
import { expectOnceAndApart, operationRuns } from '../../support/operation-runs.js';
import { completedTasks, resetRun } from '../../support/reset.js';
import { scenarios } from '../../support/scenarios.js';
import { gate } from '../../support/scripted-activities.js';
import type { Behaviour, Gate } from '../../support/scripted-activities.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';
import { by, ended, eventually, workflowIdOf } from '../../support/workflow-harness.js';

const harness = useHarness('lost');

const controlPlane = (cluster: string, host: string) => operationContext({ cluster, host });
const worker = (cluster: string, host: string, key = 'k') =>
  operationContext({ kind: 'join-worker', cluster, host, key });
const idOf = ({ operation }: { operation: string }): string => operation;
const runIdOf = async (cluster: string): Promise<string> => (await harness().entity(cluster).describe()).runId;

/** The entity after the one of that run, once it knows what that knew. */
const successor = (cluster: string, lost: string): Promise<unknown> =>
  eventually(async () => {
    const { runId } = await harness().entity(cluster).describe();
    const { whole } = await harness().entity(cluster).query<{ whole: boolean }, [number]>(names.queries.memory, 0);
    return runId !== lost && whole ? true : undefined;
  }, `another queue of ${cluster}`);

/** A queue with one operation of each sort that has ended, runs and waits. */
interface Busy {
  readonly cluster: string;
  /** In the order of asking. */
  readonly past: OperationContext;
  readonly running: readonly OperationContext[];
  readonly waiting: readonly OperationContext[];
  readonly held: readonly Gate[];
  readonly runId: string;
}

const busy = async (name: string): Promise<Busy> => {
  const cluster = uniqueName(name);
  const past = worker(cluster, 'w5');
  await harness().submit(past);
  await harness().allEnded(cluster, 1);
  const [exclusive, shared] = [gate(), gate()];
  const holdBoth: Behaviour<'prepareHost'> = (otherwise, context) => {
    const { hold } = context.kind === 'join-worker' ? shared : exclusive;
    return (hold as unknown as Behaviour<'prepareHost'>)(otherwise, context);
  };
  harness().script(cluster).on('prepareHost', holdBoth, holdBoth);
  const held = [exclusive, shared];
  const running = [controlPlane(cluster, 'cp3'), worker(cluster, 'w2')];
  for (const context of running) await harness().submit(context);
  await Promise.all(held.map(({ reached }) => reached));
  const waiting = [controlPlane(cluster, 'cp4'), worker(cluster, 'w2', 'second')];
  for (const context of waiting) expect((await harness().submit(context)).position).toBe(1);
  return { cluster, past, running, waiting, held, runId: await runIdOf(cluster) };
};

/** Ways to lose a queue that still knew something. */
const ways: Readonly<Record<string, (busyQueue: Busy) => Promise<unknown>>> = {
  'is terminated': ({ cluster }) => harness().entity(cluster).terminate('by hand'),
  'is reset to its beginning': ({ cluster, runId }) => resetRun(harness().entity(cluster), runId),
  'is reset to its last task': async ({ cluster, runId }) => {
    const entity = harness().entity(cluster);
    return resetRun(entity, runId, (await completedTasks(entity)).at(-1));
  },
  'is terminated twice, the second time before it could read the first': async ({ cluster, runId }) => {
    const script = harness().script(cluster);
    await harness().entity(cluster).terminate('by hand');
    const unread = gate();
    script.on('recallQueue', unread.hold);
    await harness().submit(worker(cluster, 'w9'));
    await unread.reached;
    expect(await runIdOf(cluster)).not.toBe(runId);
    await harness().entity(cluster).terminate('again');
  },
  'is terminated, and the next before a worker saw it': async ({ cluster }) => {
    await harness().entity(cluster).terminate('by hand');
    const { client } = harness();
    const unseen = await client.workflow.start(names.workflows.cluster, {
      workflowId: workflowIds.cluster(cluster),
      taskQueue: uniqueName('nobody'),
      args: [{ cluster, ended: [] }],
    });
    await unseen.terminate('again');
  },
};

describe.concurrent('a queue that is lost while operations run and wait', () => {
  test.concurrent.for(Object.keys(ways))('%s: nothing is lost, run twice or overtaken', async (way) => {
    const lost = await busy('lost');
    const { cluster, past, running, waiting, held, runId } = lost;
    await ways[way]?.(lost);
    const late = controlPlane(cluster, 'cp5');
    await harness().submit(late);
    await successor(cluster, runId);
    const queue = await harness().queue(cluster);
    const begun = queue.running.filter(({ host }) => host !== 'w9');
    expect(begun.map(idOf).toSorted()).toEqual(running.map(idOf).toSorted());
    expect(queue.waiting.map(idOf)).toEqual([...waiting, late].map(idOf));
    expect(queue.ended.map(idOf)).toEqual([past.operation]);

    // The same ids are the same operations.
    for (const context of [past, ...running, ...waiting, late]) {
      expect(await harness().submit(context)).toMatchObject({
        operation: context.operation,
        workflowId: workflowIdOf(context),
      });
    }
    for (const { open } of held) open();
    const everyone = [past, ...running, ...waiting, late];
    const all = await eventually(async () => {
      const now = await harness().queue(cluster);
      return now.running.length + now.waiting.length === 0 ? now.ended : undefined;
    }, 'an empty queue');
    expect(all.filter(({ host }) => host !== 'w9')).toHaveLength(everyone.length);
    for (const { operation } of everyone) {
      expect(all.find((entry) => entry.operation === operation)).toMatchObject({ by, outcome: 'finished' });
    }
    expectOnceAndApart(await operationRuns(harness().client, cluster));
    const order = all.filter(({ workflowId }) => workflowId === `change/${cluster}`).map(({ host }) => host);
    expect(order).toEqual(['cp3', 'cp4', 'cp5']);
  });

  test.concurrent('times out: the same', async () => {
    const cluster = uniqueName('timed-out');
    const contexts = ['cp3', 'cp4'].map((host) => controlPlane(cluster, host));
    const held = gate();
    harness().script(cluster).on('prepareHost', held.hold);
    await harness().submit(contexts[0] ?? operationContext(), { executionTimeout: '5s' });
    const lost = harness().client.workflow.getHandle(workflowIds.cluster(cluster), await runIdOf(cluster));
    await held.reached;
    await harness().submit(contexts[1] ?? operationContext());
    await eventually(
      async () => ((await lost.describe()).status.name === 'TIMED_OUT' ? true : undefined),
      'the queue timed out',
    );
    await harness().submit(contexts[1] ?? operationContext());
    held.open();
    const all = await harness().allEnded(cluster, 2);
    expect(all).toMatchObject(contexts.map(({ operation }) => ({ operation, by, outcome: 'finished' })));
    expectOnceAndApart(await operationRuns(harness().client, cluster));
  });

  test.concurrent('is cancelled: what waits is withdrawn, what runs goes on', async () => {
    const { cluster, past, running, waiting, held, runId } = await busy('cancelled');
    const entity = harness().entity(cluster);
    await entity.cancel();
    expect(await ended(entity)).toMatchObject({ status: 'cancelled' });
    const message = 'withdrawn before it began: its queue was cancelled';
    expect(await harness().queue(cluster)).toMatchObject({
      running: running.map(({ operation }) => ({ operation })),
      waiting: [],
      ended: [
        { operation: past.operation },
        ...waiting.map(({ operation }) => ({ operation, outcome: 'cancelled', message })),
      ],
    });
    // Asked for again they stay withdrawn.
    for (const context of waiting) await harness().submit(context);
    await successor(cluster, runId);
    for (const { open } of held) open();
    const all = await harness().allEnded(cluster, 5);
    for (const { operation } of waiting) {
      expect(all.find((entry) => entry.operation === operation)).toMatchObject({ outcome: 'cancelled', message });
    }
    for (const { operation } of running) {
      expect(all.find((entry) => entry.operation === operation)).toMatchObject({ outcome: 'finished', by });
    }
    const runs = await operationRuns(harness().client, cluster);
    expect(runs.map(idOf).toSorted()).toEqual([past, ...running].map(idOf).toSorted());
  });

  test.concurrent(
    'is cancelled before it could read the one before it: what waited there is withdrawn, too',
    async () => {
      const { cluster, running, waiting, held } = await busy('cancelled-early');
      const entity = harness().entity(cluster);
      await entity.terminate('by hand');
      const unread = gate({ deaf: true });
      harness().script(cluster).on('recallQueue', unread.hold);
      const late = controlPlane(cluster, 'cp5');
      await harness().submit(late);
      await unread.reached;
      await entity.cancel();
      unread.open();
      expect(await ended(entity)).toMatchObject({ status: 'cancelled' });
      const queue = await harness().queue(cluster);
      expect(queue.ended.map(({ operation, outcome }) => [operation, outcome]).slice(1)).toEqual(
        [...waiting, late].map(({ operation }) => [operation, 'cancelled']),
      );
      for (const { open } of held) open();
      // What ran is known as running: it was not this queue's to end.
      for (const { operation } of running) expect(queue.ended.map(idOf)).not.toContain(operation);
    },
  );
});

test.concurrent('operations that ended while there was no queue are recorded as they ended', async () => {
  const { cluster, running, waiting, held, runId } = await busy('meanwhile');
  await harness().entity(cluster).terminate('by hand');
  const { workflow } = harness().client;
  held[0]?.open();
  await ended(workflow.getHandle(`change/${cluster}`));
  await workflow.getHandle(`op/${cluster}/join-worker/w2`).terminate('this one too');
  for (const context of waiting) await harness().submit(context);
  await successor(cluster, runId);
  const all = await harness().allEnded(cluster, 5);
  expect(all.find(({ operation }) => operation === running[0]?.operation)).toMatchObject({ outcome: 'finished', by });
  expect(all.find(({ operation }) => operation === running[1]?.operation)).toMatchObject({
    outcome: 'terminated',
    message: 'terminated from outside: nothing was undone; the next operation reads the world first',
  });
  expectOnceAndApart(await operationRuns(harness().client, cluster));
});

test.concurrent('an idle queue that is lost keeps what has ended', async () => {
  const cluster = uniqueName('idle');
  const [first, second] = [worker(cluster, 'w2'), controlPlane(cluster, 'cp3')];
  await harness().submit(first);
  await harness().submit(second);
  const past = await harness().allEnded(cluster, 2);
  const lost = await runIdOf(cluster);
  await harness().entity(cluster).terminate('by hand');
  expect(await harness().submit(first)).toEqual({
    operation: first.operation,
    workflowId: `op/${cluster}/join-worker/w2`,
    position: 0,
  });
  await successor(cluster, lost);
  expect(await harness().queue(cluster)).toEqual({ cluster, running: [], waiting: [], ended: past });
  expect(harness().script(cluster).callsOf('runKubeadm')).toHaveLength(2);
});

test.concurrent('a queue may be reset to each of its tasks: what has ended is not begun again', async () => {
  const cluster = uniqueName('each-task');
  const contexts = [controlPlane(cluster, 'cp3'), worker(cluster, 'w2')];
  for (const context of contexts) {
    await harness().submit(context);
    await eventually(
      async () =>
        (await harness().queue(cluster)).ended.some(({ operation }) => operation === context.operation)
          ? true
          : undefined,
      `${context.operation} ended`,
    );
  }
  const lost = await runIdOf(cluster);
  const entity = harness().entity(cluster);
  const tasks = await completedTasks(harness().client.workflow.getHandle(entity.workflowId, lost));
  expect(tasks.length).toBeGreaterThan(6);
  for (const task of tasks) {
    await resetRun(entity, lost, task);
    const all = await harness().allEnded(cluster, 2);
    expect(all.map(idOf).toSorted()).toEqual(contexts.map(idOf).toSorted());
    for (const entry of all) expect(entry).toMatchObject({ outcome: 'finished', by });
  }
  expect(await operationRuns(harness().client, cluster)).toHaveLength(2);
});

test.concurrent(
  'reset to the task that began an operation, a queue asks again whether that ran, and goes on from its end',
  async () => {
    const cluster = uniqueName('begun-again');
    const scenario = scenarios.find(({ name }) => name === 'entity-reset');
    expect((await scenario?.run(harness(), cluster))?.outcomes).toEqual(scenario?.outcomes);
    const script = harness().script(cluster);
    // The answer of the run before the reset, and another after it.
    expect(script.callsOf('findOperation')).toHaveLength(2);
    expect(script.callsOf('runKubeadm')).toHaveLength(1);
    expect(await operationRuns(harness().client, cluster)).toHaveLength(1);
  },
);

describe.concurrent('what waited in a queue that was lost', () => {
  const lostWith = async (name: string, count: number) => {
    const cluster = uniqueName(name);
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    const contexts = Array.from({ length: count }, (_, index) => worker(cluster, 'w2', `k${index}`));
    await harness().submit(contexts[0] ?? operationContext());
    await held.reached;
    for (const context of contexts.slice(1)) await harness().submit(context);
    const lost = await runIdOf(cluster);
    const since = (await harness().queue(cluster)).waiting.map((entry) => entry.since);
    await harness().entity(cluster).terminate('by hand');
    return { cluster, contexts, held, lost, since };
  };
  const revive = async (cluster: string, lost: string, limits: NonNullable<ClusterEntityState['limits']>) => {
    await harness().submit(worker(cluster, 'w5'), { limits });
    await successor(cluster, lost);
    return harness().queue(cluster);
  };

  test.concurrent('is all there, in its order and with its time, however much it is', async () => {
    const { cluster, contexts, held, lost, since } = await lostWith('many', 60);
    const { waiting } = await revive(cluster, lost, {});
    expect(waiting.filter(({ host }) => host === 'w2').map(idOf)).toEqual(contexts.slice(1).map(idOf));
    expect(waiting.filter(({ host }) => host === 'w2').map((entry) => entry.since)).toEqual(since);
    expect(harness().script(cluster).callsOf('recallQueue').length).toBe(3);
    // The sixty joins need not run for that.
    await harness().entity(cluster).cancel();
    held.open();
  });

  test.concurrent('is not begun when that was long ago, unless it is asked for again', async () => {
    const { cluster, contexts, held, lost } = await lostWith('long-ago', 4);
    const [running, again, ...others] = contexts;
    await harness().submit(again ?? operationContext(), { limits: { begunAfterLossMs: -1 } });
    await successor(cluster, lost);
    held.open();
    const all = await harness().allEnded(cluster, 4);
    const outcomeOf = (context: OperationContext | undefined) =>
      all.find(({ operation }) => operation === context?.operation);
    expect(outcomeOf(running)).toMatchObject({ outcome: 'finished' });
    expect(outcomeOf(again)).toMatchObject({ outcome: 'finished' });
    for (const context of others) {
      expect(outcomeOf(context)).toMatchObject({
        outcome: 'cancelled',
        message: expect.stringMatching(/^its queue was lost at 2.*Z, before it began; ask for it again$/) as string,
      });
    }
  });

  test.concurrent('is read again when that failed at first', async () => {
    const { cluster, contexts, held, lost } = await lostWith('flaky', 2);
    const script = harness().script(cluster);
    script.on('recallQueue', () => {
      throw ApplicationFailure.create({ type: 'NoAnswer', message: 'no worker answers the query' });
    });
    await harness().submit(worker(cluster, 'w5'));
    await successor(cluster, lost);
    expect((await harness().queue(cluster)).waiting.map(idOf)).toContain(contexts[1]?.operation);
    held.open();
    await harness().allEnded(cluster, 3);
    expect(script.callsOf('recallQueue').map(({ outcome }) => outcome)).toEqual(['answered', 'failed', 'answered']);
  });
});
