import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operationKinds } from '../../model/operations.js';
import type { OperationContext } from '../../model/operation.js';
import { Duration, durationMs } from '../../model/specification/fields.js';
import type { Failure } from '../../workflows/failures.js';
import { leftovers, operationContext } from '../support/facts.js';
import { fails, gate } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { connectToTestServer, uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, startHarness } from '../support/workflow-harness.js';
import type { Harness } from '../support/workflow-harness.js';

const harness = useHarness('budgets');

interface Scheduled {
  readonly activity: string;
  readonly startToCloseMs: number;
  readonly scheduleToCloseMs: number;
  readonly heartbeatMs: number;
  readonly notRetried: readonly string[];
}

const millisOf = (duration: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(duration?.seconds ?? 0) * 1_000 + (duration?.nanos ?? 0) / 1e6;

/** What the server was told of each activity. */
const scheduled = async (handle: WorkflowHandle): Promise<Scheduled[]> => {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: told }) =>
    told
      ? [
          {
            activity: told.activityType?.name ?? '',
            startToCloseMs: millisOf(told.startToCloseTimeout),
            scheduleToCloseMs: millisOf(told.scheduleToCloseTimeout),
            heartbeatMs: millisOf(told.heartbeatTimeout),
            notRetried: told.retryPolicy?.nonRetryableErrorTypes ?? [],
          },
        ]
      : [],
  );
};

const hour = 3_600_000;
const day = 24 * hour;
/** What waits for the budgets of the policy, or for commands that run in units on the host. */
const waiting = ['prepareHost', 'resetHost', 'runKubeadm', 'proveControlPlane', 'proveWorker', 'undoJoin', 'undoInit'];

/** An operation of every step, which is rolled back at the end. */
const rolledBack = async (
  kind: OperationContext['kind'],
  policy: Partial<OperationContext['policy']>,
): Promise<Scheduled[]> => {
  const context = operationContext({
    kind,
    cluster: uniqueName('budgets'),
    policy: { resetDirtyHosts: 'when-ours', ...policy },
  });
  const script = harness().script(context.cluster);
  script.world.hosts[context.target.name] = hostOf(context, leftovers(context.cluster));
  // CommandFailed is in no budget.
  script.on('revokeCredentials', fails('CommandFailed'));
  const handle = await harness().start(context);
  await blocked(handle);
  await decide(handle, 'rollback');
  expect(await ended(handle)).toMatchObject({ type: 'RolledBack' });
  return scheduled(handle);
};

const longest = durationMs('168h') ?? 0;

describe.concurrent(
  'R9: an attempt ends only after the budgets of the policy, so that the operation blocks then',
  () => {
    test('the longest budget that a specification may have is this one', () => {
      expect(Duration.safeParse('168h').success).toBe(true);
      expect(Duration.safeParse('168h1s').success).toBe(false);
      expect(longest).toBe(7 * day);
    });

    test.concurrent.for(
      operationKinds.flatMap((kind) => [
        { kind, what: 'ready: 2h', joinBudgetMs: hour / 2, readyBudgetMs: 2 * hour, unreachableBudgetMs: 120_000 },
        {
          kind,
          what: 'the longest that there may be',
          joinBudgetMs: longest,
          readyBudgetMs: longest,
          unreachableBudgetMs: longest,
        },
      ]),
    )('$kind, $what', async ({ kind, what: _what, ...budgets }) => {
      const seen = (await rolledBack(kind, budgets)).filter(({ activity }) => waiting.includes(activity));
      const { joinBudgetMs: join, readyBudgetMs: ready, unreachableBudgetMs: unreachable } = budgets;
      // A proof waits for the control plane, then for the Node.
      const needed: Readonly<Record<string, number>> = {
        proveControlPlane: 2 * ready + unreachable,
        proveWorker: 2 * ready + unreachable,
        runKubeadm: join + unreachable,
        undoJoin: 20 * 60_000 + unreachable,
        undoInit: 20 * 60_000 + unreachable,
      };
      const undo = kind === 'init' ? 'undoInit' : 'undoJoin';
      const prove = kind === 'join-worker' ? 'proveWorker' : 'proveControlPlane';
      expect(seen.map(({ activity }) => activity)).toEqual(
        expect.arrayContaining(['prepareHost', 'resetHost', 'runKubeadm', prove, undo]),
      );
      for (const { activity, startToCloseMs } of seen)
        expect({ activity, enough: startToCloseMs > (needed[activity] ?? 0) + hour / 4 }).toEqual({
          activity,
          enough: true,
        });
    });

    test('none of an operation is tried again without end when its time is up, and each is seen to live', async () => {
      const all = await rolledBack('join-control-plane', {});
      expect(all.length).toBeGreaterThan(12);
      for (const { activity, notRetried, ...times } of all)
        expect({ activity, ends: notRetried.includes('TemporalTimeout:StartToClose'), ...times }).toEqual({
          activity,
          ends: true,
          startToCloseMs: expect.toSatisfy((ms: number) => ms >= 10 * 60_000) as unknown,
          // It could not be extended while an operation is blocked.
          scheduleToCloseMs: 0,
          heartbeatMs: 20_000,
        });
    });
  },
);

describe('R9: when the time of an attempt is up', () => {
  let hasty: Harness;
  let close = async (): Promise<void> => {};
  beforeAll(async () => {
    const server = await connectToTestServer({
      workflows: fileURLToPath(new URL('../support/workflows/hasty.ts', import.meta.url)),
    });
    hasty = await startHarness(server, { taskQueue: uniqueName('hasty') });
    close = async () => {
      await hasty.close();
      await server.close();
    };
  });
  afterAll(() => close());

  test('it is not tried again, and what is told is that sight of it was lost', async () => {
    const context = operationContext({
      kind: 'join-worker',
      cluster: uniqueName('hasty'),
      policy: { readyBudgetMs: longest, unreachableBudgetMs: longest },
    });
    const script = hasty.script(context.cluster);
    const [prove, read] = [gate(), gate()];
    script.on('proveWorker', prove.hold);
    script.on('readHost', read.hold);
    const failures = await hasty.client.workflow.execute<(context: OperationContext) => Promise<Failure[]>>('hasty', {
      workflowId: uniqueName('hasty'),
      taskQueue: hasty.taskQueue,
      workflowExecutionTimeout: '40s',
      args: [context],
    });
    expect(failures).toMatchObject([
      { type: 'Unreachable', lostSight: true, message: 'the activity proveWorker did not end in time' },
      { type: 'Unreachable', lostSight: true, message: 'the activity readHost did not end in time' },
    ]);
    expect(script.names().toSorted()).toEqual(['proveWorker', 'readHost']);
  });
});
