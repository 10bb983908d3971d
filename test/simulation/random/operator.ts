import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { ClusterQueue } from '../../../model/messages.js';
import type { DecisionAction, OperationProgress } from '../../../model/progress.js';
import { by, progressOf } from '../../support/workflow-harness.js';
import type { Harness } from '../../support/workflow-harness.js';
import { names } from '../../../model/messages.js';
import type { ReportedOperation } from '../support/invariants.js';

type Blocked = NonNullable<OperationProgress['blocked']>;
type Ended = ClusterQueue['ended'][number];

/** A run of an operation. */
interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

/** Who else wants to know what the operator does and sees. */
export interface Listener {
  /** A reset, or whatever else, of what was shown of a host at that time was approved. */
  approved(host: string, shownAt: number): void;
  /** A run was seen to have ended, at that time. */
  ended(host: string, at: number): void;
}

export interface Operator {
  /**
   * While nothing is broken on purpose, once it has no more wishes it wants every operation to end well, and gives up
   * only when that does not help. So it is at first.
   */
  nothingIsBroken(is: boolean): void;
  /** What runs said of their steps while they ran, by the id of the run. */
  readonly said: ReadonlyMap<string, OperationProgress['steps']>;
  /** Why operations waited, such as `Unreachable at join`, and what was decided. */
  readonly reasons: readonly string[];
  /** What was decided, by operation. */
  readonly told: ReadonlyMap<string, ReadonlySet<DecisionAction>>;
  /** An operation waited for a decision when it looked last. */
  readonly isAsked: boolean;
  /** No operation ran or waited when it looked last. */
  readonly isIdle: boolean;
  /** Until it is released it decides nothing, and looks on. */
  readonly isHeld: boolean;
  hold(): void;
  release(): void;
  /** What it has seen so far is old: it looks again. */
  forget(): void;
  /** How often it has decided, and whether it still has a wish of its own. */
  readonly decided: number;
  readonly hasWishes: boolean;
  /** Looks after a run, too, that the queue has not begun. */
  lookAfter(host: string, run: Run): void;
  /** Runs that the queue has not begun. */
  readonly others: readonly Run[];
  /** The last operation about a host that has ended, with its run. */
  lastEnded(host: string): Promise<(Ended & { runId: string }) | undefined>;
  /** Ended operations, oldest first. @throws Error when not all of `count`, and those besides, have ended in time */
  allEnded(count: number, timeoutMs: number): Promise<ClusterQueue['ended']>;
  stop(): void;
}

/** Each look is a query of a workflow, which is most of what a schedule would cost. */
const everyMs = 400;
const retriesOnceMended = 2;
const preference: readonly DecisionAction[] = ['retry', 'approve', 'rollback', 'skip', 'abort'];

/** Somebody who looks at the operations of a cluster and decides wherever one waits. */
export const startOperator = (
  { client, queue }: Harness,
  cluster: string,
  wanted: readonly DecisionAction[],
  listener: Listener,
): Operator => {
  const decided = new Map<string, number>();
  const reasons: string[] = [];
  const told = new Map<string, Set<DecisionAction>>();
  let next = 0;
  let mended = true;
  /** What is asked before anything was broken costs no wish. */
  let begun = false;
  let isAsked = false;
  let isIdle = false;
  let held = false;
  let times = 0;
  let stopped = false;
  const others: (Run & { readonly host: string; ended: boolean })[] = [];
  const known = new Set<string>();
  const said = new Map<string, OperationProgress['steps']>();
  /** What a step has said is overwritten when it is done again, or undone. */
  const remember = (runId: string, steps: OperationProgress['steps']): void => {
    const all = said.get(runId) ?? [];
    said.set(runId, all);
    for (const step of steps)
      if (
        step.note !== undefined &&
        !all.some(({ id, note, since }) => id === step.id && note === step.note && since === step.since)
      )
        all.push(step);
  };

  /** When a run ended; undefined while it runs. */
  const closedAt = async ({ workflowId, runId }: Run): Promise<number | undefined> =>
    (await client.workflow.getHandle(workflowId, runId).describe()).closeTime?.getTime();

  const noteEnded = async (ended: readonly Ended[]): Promise<void> => {
    for (const { workflowId, runId, host } of ended) {
      if (runId === undefined || known.has(runId)) continue;
      const at = await closedAt({ workflowId, runId });
      if (at === undefined) continue;
      known.add(runId);
      listener.ended(host, at);
    }
    for (const one of others) {
      const at = one.ended ? undefined : await closedAt(one);
      if (at === undefined) continue;
      one.ended = true;
      listener.ended(one.host, at);
    }
  };

  /** The next wish, or what comes next to it; undefined when there is none. */
  const wish = (choices: readonly DecisionAction[]): DecisionAction | undefined => {
    const wished = wanted[next];
    if (!begun || wished === undefined) return undefined;
    const canBeHad = choices.includes(wished);
    if (canBeHad || mended || wished !== 'rollback') next += 1;
    return canBeHad ? wished : preference.find((one) => choices.includes(one));
  };

  const choose = ({ choices }: Blocked, operation: string): DecisionAction | undefined => {
    const wished = wish(choices);
    // Beyond what was written down it waits for better times.
    if (wished !== undefined || !mended) return wished;
    const before = decided.get(operation) ?? 0;
    decided.set(operation, before + 1);
    const order: readonly DecisionAction[] =
      !begun || before < retriesOnceMended
        ? ['approve', 'retry']
        : before < 2 * retriesOnceMended
          ? ['rollback', 'retry']
          : ['abort'];
    return order.find((one) => choices.includes(one)) ?? preference.find((one) => choices.includes(one));
  };

  const look = async (): Promise<void> => {
    const { running, waiting, ended } = await queue(cluster);
    await noteEnded(ended);
    const open = others.filter((one) => !one.ended);
    isIdle = running.length + waiting.length + open.length === 0;
    let asked = false;
    for (const { workflowId, runId } of [...running, ...open]) {
      const handle = client.workflow.getHandle(workflowId, runId);
      const progress = await progressOf(handle);
      const { blocked, operation, outcome } = progress;
      if (runId !== undefined) remember(runId, progress.steps);
      if (blocked === undefined || outcome !== undefined) continue;
      const action = held ? undefined : choose(blocked, operation);
      if (action === undefined) {
        asked = true;
        isAsked = true;
        continue;
      }
      reasons.push(
        `${progress.kind} ${progress.host}: ${blocked.type} at ${blocked.step}: ${blocked.message} -> ${action}`,
      );
      times += 1;
      // It may come through although the call fails.
      told.set(operation, (told.get(operation) ?? new Set()).add(action));
      if (action === 'approve') listener.approved(progress.host, Date.parse(blocked.since));
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
    nothingIsBroken: (is) => {
      mended = is;
      begun ||= !is;
    },
    reasons,
    said,
    told,
    get isAsked() {
      return isAsked;
    },
    get isIdle() {
      return isIdle;
    },
    get isHeld() {
      return held;
    },
    hold: () => (held = true),
    get decided() {
      return times;
    },
    get hasWishes() {
      return next < wanted.length || mended;
    },
    forget: () => {
      isAsked = false;
      isIdle = false;
    },
    release: () => (held = false),
    lookAfter: (host, run) => void others.push({ ...run, host, ended: false }),
    others,
    lastEnded: async (host) => {
      const { ended } = await queue(cluster);
      await noteEnded(ended);
      const last = ended.findLast((one) => one.host === host && one.runId !== undefined);
      return last?.runId === undefined ? undefined : { ...last, runId: last.runId };
    },
    allEnded: async (count, timeoutMs) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const seen = await queue(cluster).catch(() => undefined);
        const isOver = others.every(({ ended }) => ended);
        if (seen !== undefined && seen.ended.length >= count && isOver) return seen.ended;
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

/** What a run says of itself; undefined where nobody can say it, however often one asks. */
const lastProgress = async (handle: WorkflowHandle): Promise<OperationProgress | undefined> => {
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    const progress = await progressOf(handle).catch(() => undefined);
    if (progress !== undefined) return progress;
    await sleep(everyMs);
  }
  return undefined;
};

/** How each run of an operation ended, as it tells itself, in the order in which they ended. */
export const reportsOf = async (
  { client }: Harness,
  ended: ClusterQueue['ended'],
  { others, said }: Pick<Operator, 'others' | 'said'>,
  told: (operation: string) => ReportedOperation['told'],
): Promise<readonly ReportedOperation[]> => {
  const known = new Set(ended.map(({ runId }) => runId));
  const reported = async (
    run: Partial<Run>,
    entry?: Ended,
  ): Promise<readonly [closed: number, report: ReportedOperation] | undefined> => {
    const { workflowId = '', runId } = run;
    const handle = runId === undefined ? undefined : client.workflow.getHandle(workflowId, runId);
    const progress = handle === undefined ? undefined : await lastProgress(handle);
    const times = await handle?.describe().catch(() => undefined);
    const { operation, kind, host } = entry ?? progress ?? {};
    if (operation === undefined || kind === undefined || host === undefined) return undefined;
    const summary = progress?.summary ?? entry?.message ?? '';
    const closed = times?.closeTime?.getTime() ?? Date.now();
    const began = times?.startTime.getTime();
    return [
      closed,
      {
        operation,
        kind,
        host,
        // What the queue remembers of it may be another run's.
        outcome: progress?.outcome ?? entry?.outcome,
        summary,
        gaveUp: summary.includes('the rest was left as it is'),
        told: told(operation),
        ...(progress === undefined || began === undefined
          ? {}
          : {
              run: {
                began,
                closed,
                steps: [...progress.steps, ...(said.get(runId ?? '') ?? [])],
                decisions: progress.decisions,
              },
            }),
      },
    ];
  };
  const all = await Promise.all([
    ...ended.map((entry) =>
      reported({ workflowId: entry.workflowId, ...(entry.runId === undefined ? {} : { runId: entry.runId }) }, entry),
    ),
    ...others.filter(({ runId }) => !known.has(runId)).map((run) => reported(run)),
  ]);
  return all
    .filter((one) => one !== undefined)
    .toSorted(([a], [b]) => a - b)
    .map(([, report]) => report);
};
