import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { names } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import { operationContext } from '../../support/facts.js';
import { expectOnceAndApart, operationRuns } from '../../support/operation-runs.js';
import { resetRun } from '../../support/reset.js';
import { fails, gate } from '../../support/scripted-activities.js';
import type { Gate } from '../../support/scripted-activities.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';
import { blocked, by, decide, eventually, workflowIdOf } from '../../support/workflow-harness.js';

const harness = useHarness('endings');

const handleOf = async (context: OperationContext): Promise<WorkflowHandle> => {
  const handle = harness().client.workflow.getHandle(workflowIdOf(context));
  await eventually(() => handle.describe(), `${context.operation} begun`);
  return handle;
};
const endOf = async (context: OperationContext) =>
  (await harness().queue(context.cluster)).ended.find(({ operation }) => operation === context.operation);

/** An operation of each sort, and one that has to wait for it. */
const sorts = {
  exclusive: (cluster: string) => [
    operationContext({ cluster, host: 'cp3' }),
    operationContext({ cluster, host: 'cp4' }),
  ],
  shared: (cluster: string) =>
    ['first', 'second'].map((key) => operationContext({ kind: 'join-worker', cluster, host: 'w2', key })),
} as const;
type Sort = keyof typeof sorts;

/** Where the operation stands when it is ended. Each answers what lets it go on, where it is held. */
const stands = {
  'in a step': async ({ cluster }: OperationContext, submit: () => Promise<void>) => {
    const held = gate();
    harness().script(cluster).on('prepareHost', held.hold);
    await submit();
    await held.reached;
    return held;
  },
  blocked: async (context: OperationContext, submit: () => Promise<void>) => {
    harness().script(context.cluster).on('runKubeadm', fails('CommandFailed'));
    await submit();
    await blocked(await handleOf(context));
    return undefined;
  },
  undoing: async (context: OperationContext, submit: () => Promise<void>) => {
    const held = gate();
    const script = harness().script(context.cluster);
    script.on('runKubeadm', fails('CommandFailed'));
    script.on('undoJoin', held.hold);
    await submit();
    const handle = await handleOf(context);
    await blocked(handle);
    await decide(handle, 'rollback');
    await held.reached;
    return held;
  },
} as const;
type Stand = keyof typeof stands;

/** What somebody does to the operation from outside, and how the queue has to record it. */
const ways: Readonly<
  Record<
    string,
    {
      readonly end: (handle: WorkflowHandle, held: Gate | undefined, context: OperationContext) => Promise<unknown>;
      readonly outcome: string | Readonly<Record<Stand, string>>;
      readonly message?: RegExp;
      /** It has a second run, which the server gave it. */
      readonly secondRun?: boolean;
    }
  >
> = {
  'is cancelled': {
    end: async (handle, held) => {
      await handle.cancel();
      // An undo is shielded from the cancel and goes on to its end.
      held?.open();
    },
    outcome: { 'in a step': 'cancelled', blocked: 'cancelled', undoing: 'rolled-back' },
  },
  'is terminated': {
    end: (handle) => handle.terminate('by hand'),
    outcome: 'terminated',
    message: /^terminated from outside: nothing was undone; the next operation reads the world first$/,
  },
  'is reset to its beginning': {
    end: async (handle) => resetRun(handle, (await handle.describe()).runId),
    outcome: 'finished',
    secondRun: true,
  },
  'is terminated by one that somebody starts in its place': {
    end: (handle, _held, context) =>
      harness().client.workflow.start(names.workflows[context.kind], {
        workflowId: handle.workflowId,
        taskQueue: harness().taskQueue,
        args: [{ context, by: 'hand' }],
        workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      }),
    outcome: 'terminated',
  },
};

const cases = (Object.keys(sorts) as Sort[]).flatMap((sort) =>
  (Object.keys(stands) as Stand[]).flatMap((stand) => Object.keys(ways).map((way) => [sort, stand, way] as const)),
);

describe.concurrent('however an operation is ended, its queue records it and goes on', () => {
  test.concurrent.for(cases)('%s, %s, %s', async ([sort, stand, way]) => {
    const [context, next] = sorts[sort](uniqueName(sort)) as [OperationContext, OperationContext];
    const { end, outcome, message, secondRun = false } = ways[way] ?? { end: () => Promise.reject(), outcome: '' };
    const held = await stands[stand](context, async () => {
      await harness().submit(context);
    });
    expect(await harness().submit(next)).toMatchObject({ position: 1 });
    const handle = await handleOf(context);
    const { runId } = await handle.describe();
    await end(handle, held, context);
    const past = await harness().allEnded(context.cluster, 2);
    expect(past).toMatchObject([
      {
        operation: context.operation,
        by,
        workflowId: handle.workflowId,
        runId,
        outcome: typeof outcome === 'string' ? outcome : outcome[stand],
      },
      { operation: next.operation, by, outcome: 'finished' },
    ]);
    if (message !== undefined) expect(past[0]?.message).toMatch(message);
    held?.open();

    // The same ids are the same operations.
    expect(await harness().submit(context)).toEqual({
      operation: context.operation,
      workflowId: handle.workflowId,
      position: 0,
    });
    await harness().submit(next);
    expect(await harness().queue(context.cluster)).toMatchObject({ running: [], waiting: [] });
    const runs = await operationRuns(harness().client, context.cluster);
    expect(runs).toHaveLength(secondRun ? 3 : 2);
    expectOnceAndApart(runs.filter((run) => !secondRun || run.runId !== runId));
  });
});

describe.concurrent('an operation ends by itself or by a decision', () => {
  test('it finished', async () => {
    const context = operationContext({ cluster: uniqueName('finished') });
    await harness().submit(context);
    const [last] = await harness().allEnded(context.cluster, 1);
    expect(last).toMatchObject({ operation: context.operation, outcome: 'finished' });
    expect(last?.message).toBeUndefined();
  });

  test('it failed before any change', async () => {
    const context = operationContext({ cluster: uniqueName('failed') });
    harness().script(context.cluster).on('readHost', fails('HostKeyMismatch'));
    await harness().submit(context);
    expect(await harness().allEnded(context.cluster, 1)).toMatchObject([
      { outcome: 'failed', message: 'HostKeyMismatch on purpose' },
    ]);
  });

  test.concurrent.for([
    ['rollback', 'rolled-back', /^rolled back by ann@desk; undone: join, register, credentials$/],
    ['abort', 'aborted', /^aborted by ann@desk while blocked by CommandFailed/],
  ] as const)('somebody decided %s', async ([action, outcome, message]) => {
    const context = operationContext({ cluster: uniqueName(action) });
    harness().script(context.cluster).on('runKubeadm', fails('CommandFailed'));
    await harness().submit(context);
    const handle = await handleOf(context);
    await blocked(handle);
    await decide(handle, action);
    const [last] = await harness().allEnded(context.cluster, 1);
    expect(last?.outcome).toBe(outcome);
    expect(last?.message).toMatch(message);
  });

  test('an undo was given up', async () => {
    const context = operationContext({ cluster: uniqueName('given-up') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', fails('CommandFailed'));
    script.on('undoJoin', fails('CommandFailed'));
    await harness().submit(context);
    const handle = await handleOf(context);
    await blocked(handle);
    await decide(handle, 'rollback');
    await blocked(handle, 1);
    await decide(handle, 'abort');
    expect(await harness().allEnded(context.cluster, 1)).toMatchObject([{ outcome: 'failed' }]);
  });
});

describe.concurrent('an operation that has ended and is reset', () => {
  /** One that has ended, and another that is held in a step. */
  const endedAndHeld = async (sort: Sort) => {
    const cluster = uniqueName('late');
    const [first, second] = sorts[sort](cluster) as [OperationContext, OperationContext];
    await harness().submit(first, { limits: { lookEveryMs: 1_000 } });
    await harness().allEnded(cluster, 1);
    const { runId = '' } = (await endOf(first)) ?? {};
    const held = gate();
    harness().script(cluster).on('prepareHost', held.hold);
    await harness().submit(second);
    await held.reached;
    return { cluster, first, second, runId, held };
  };

  // The server terminates the one that runs under the same workflow id, and tells nobody.
  test.concurrent.for(Object.keys(sorts) as Sort[])(
    '%s: while the next one runs ends that; the queue sees it and goes on',
    async (sort) => {
      const { cluster, first, second, runId, held } = await endedAndHeld(sort);
      const again = gate();
      harness().script(cluster).on('prepareHost', again.hold);
      const handle = await handleOf(first);
      await resetRun(handle, runId);
      await again.reached;
      const past = await harness().allEnded(cluster, 2);
      expect(past[1]).toMatchObject({ operation: second.operation, outcome: 'terminated' });
      const third = { ...second, operation: `${second.operation}3` };
      await harness().submit(third);
      await eventually(
        async () => (harness().script(cluster).callsOf('watchOperation').length > 0 ? true : undefined),
        'the one that was reset is watched',
      );
      again.open();
      held.open();
      await eventually(async () => ((await endOf(third)) === undefined ? undefined : true), 'the third has ended');
      const { ended } = await harness().queue(cluster);
      expect(ended).toMatchObject([
        { operation: second.operation, outcome: 'terminated' },
        { operation: first.operation, by, outcome: 'finished', runId: expect.not.stringMatching(runId) as string },
        { operation: third.operation, outcome: 'finished' },
      ]);
    },
  );

  test('while nothing runs holds the membership lock beside the queue', async () => {
    const context = operationContext({ cluster: uniqueName('beside') });
    const next = operationContext({ cluster: context.cluster, host: 'cp4' });
    await harness().submit(context);
    const [first] = await harness().allEnded(context.cluster, 1);
    const held = gate();
    harness().script(context.cluster).on('prepareHost', held.hold);
    const newRunId = await resetRun(await handleOf(context), first?.runId ?? '');
    await held.reached;
    await harness().submit(next);
    await eventually(
      async () => (harness().script(context.cluster).callsOf('watchOperation').length > 0 ? true : undefined),
      'the one that was reset is watched',
    );
    held.open();
    await eventually(async () => ((await endOf(next)) === undefined ? undefined : true), 'the next has ended');
    expect((await harness().queue(context.cluster)).ended).toMatchObject([
      { operation: context.operation, by, outcome: 'finished', runId: newRunId },
      { operation: next.operation, outcome: 'finished' },
    ]);
    const runs = await operationRuns(harness().client, context.cluster);
    expectOnceAndApart(runs.filter((run) => run.runId !== first?.runId));
  });
});
