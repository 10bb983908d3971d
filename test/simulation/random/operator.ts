import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterQueue } from '../../../src/model/messages.js';
import type { DecisionAction, OperationProgress } from '../../../src/model/progress.js';
import { by, progressOf } from '../../support/workflow-harness.js';
import type { Harness } from '../../support/workflow-harness.js';
import { names } from '../../../src/model/messages.js';
import type { ReportedOperation } from '../support/invariants.js';

type Blocked = NonNullable<OperationProgress['blocked']>;

export interface Operator {
  /**
   * The faults are over: once it has no more wishes it wants every operation to end well, and gives up only when that
   * does not help.
   */
  everythingIsMended(): void;
  /** Why operations waited, such as `Unreachable at join`, and what was decided. */
  readonly reasons: readonly string[];
  /** What was decided, by operation. */
  readonly told: ReadonlyMap<string, ReadonlySet<DecisionAction>>;
  /** An operation waited for a decision when it looked last. */
  readonly isAsked: boolean;
  /** Ended operations, oldest first. @throws Error when not all of `count` have ended in time */
  allEnded(count: number, timeoutMs: number): Promise<ClusterQueue['ended']>;
  stop(): void;
}

/** Each look is a query of a workflow, which is most of what a schedule would cost. */
const everyMs = 400;
const retriesOnceMended = 4;
const preference: readonly DecisionAction[] = ['retry', 'approve', 'rollback', 'skip', 'abort'];

/** Somebody who looks at the operations of a cluster and decides wherever one waits. */
export const startOperator = (
  { client, queue }: Harness,
  cluster: string,
  wanted: readonly DecisionAction[],
): Operator => {
  const decided = new Map<string, number>();
  const reasons: string[] = [];
  const told = new Map<string, Set<DecisionAction>>();
  let next = 0;
  let mended = false;
  let isAsked = false;
  let stopped = false;

  /** The next wish, or what comes next to it; undefined when there is none. */
  const wish = (choices: readonly DecisionAction[]): DecisionAction | undefined => {
    const wished = wanted[next];
    if (wished === undefined) return undefined;
    const canBeHad = choices.includes(wished);
    if (canBeHad || mended || wished !== 'rollback') next += 1;
    return canBeHad ? wished : preference.find((one) => choices.includes(one));
  };

  const choose = ({ choices }: Blocked, operation: string): DecisionAction | undefined => {
    const wished = wish(choices);
    // Beyond what was written down it waits for better times.
    if (wished !== undefined || !mended) return wished;
    const times = decided.get(operation) ?? 0;
    decided.set(operation, times + 1);
    const order: readonly DecisionAction[] =
      times < retriesOnceMended
        ? ['approve', 'retry']
        : times < 2 * retriesOnceMended
          ? ['rollback', 'retry']
          : ['abort'];
    return order.find((one) => choices.includes(one)) ?? preference.find((one) => choices.includes(one));
  };

  const look = async (): Promise<void> => {
    const { running } = await queue(cluster);
    let asked = false;
    for (const { workflowId, runId } of running) {
      const handle = client.workflow.getHandle(workflowId, runId);
      const progress = await progressOf(handle);
      const { blocked, operation, outcome } = progress;
      if (blocked === undefined || outcome !== undefined) continue;
      asked = true;
      isAsked = true;
      const action = choose(blocked, operation);
      if (action === undefined) continue;
      reasons.push(
        `${progress.kind} ${progress.host}: ${blocked.type} at ${blocked.step}: ${blocked.message} -> ${action}`,
      );
      // It may come through although the call fails.
      told.set(operation, (told.get(operation) ?? new Set()).add(action));
      await handle.executeUpdate(names.updates.decide, { args: [{ action, by, reason: 'a schedule' }] });
    }
    isAsked = asked;
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      // What is asked about may end meanwhile, or go on by itself.
      await look().catch(() => undefined);
      await sleep(everyMs);
    }
  };
  void run();
  return {
    everythingIsMended: () => (mended = true),
    reasons,
    told,
    get isAsked() {
      return isAsked;
    },
    allEnded: async (count, timeoutMs) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const seen = await queue(cluster).catch(() => undefined);
        if (seen !== undefined && seen.ended.length >= count) return seen.ended;
        if (Date.now() > deadline) {
          const open = [...(seen?.running ?? []), ...(seen?.waiting ?? [])].map(({ operation }) => operation);
          throw new Error(`not ended ${timeoutMs / 1000} s after everything was mended: ${open.join(', ')}`);
        }
        await sleep(everyMs);
      }
    },
    stop: () => (stopped = true),
  };
};

/** How each operation ended, as it tells itself. */
export const reportsOf = async (
  { client }: Harness,
  ended: ClusterQueue['ended'],
  told: (operation: string) => ReportedOperation['told'],
): Promise<readonly ReportedOperation[]> =>
  Promise.all(
    ended.map(async ({ operation, kind, host, outcome, message = '', workflowId, runId }) => {
      const progress =
        runId === undefined
          ? undefined
          : await progressOf(client.workflow.getHandle(workflowId, runId)).catch(() => undefined);
      const summary = progress?.summary ?? message;
      return {
        operation,
        kind,
        host,
        outcome,
        summary,
        gaveUp: summary.includes('the rest was left as it is'),
        told: told(operation),
      };
    }),
  );
