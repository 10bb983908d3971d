import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { guarded } from '../../activities/boundary.js';
import type { Activities } from '../../activities/contract.js';
import { QuorateError } from '../../model/failures/failure.js';
import type { FailureType } from '../../model/failures/failure.js';
import type { OperationContext } from '../../model/operation.js';
import type { World } from './scripted-answers.js';
import { defaultAnswers } from './scripted-answers.js';

export type ActivityName = keyof Activities;
type Answer<Name extends ActivityName> = Awaited<ReturnType<Activities[Name]>>;

/** What one attempt of an activity does; `otherwise` is what it does without a script. */
export type Behaviour<Name extends ActivityName = ActivityName> = (
  otherwise: () => Promise<Answer<Name>>,
  ...args: Parameters<Activities[Name]>
) => Promise<Answer<Name>>;

/** One attempt of one activity. */
export interface Call {
  readonly activity: ActivityName;
  readonly args: readonly unknown[];
  /** Positions in one count of all begins and ends, so that overlaps show. */
  readonly began: number;
  ended?: number;
  outcome?: 'answered' | 'failed' | 'cancelled';
}

/** What one cluster's activities do, and what they were asked. */
export interface Script {
  readonly calls: Call[];
  /** What the reading activities show; tests change it, `resetHost` and `undoJoin` clean the host in it. */
  readonly world: World;
  /** Names of the attempts so far, in the order of their beginning. */
  names(): ActivityName[];
  callsOf(activity: ActivityName): Call[];
  /** One behaviour per attempt; after the last one the default again. */
  on<Name extends ActivityName>(activity: Name, ...behaviours: Behaviour<Name>[]): void;
}

/** Fails like the product's activities do. */
export const fails =
  (
    type: FailureType,
    details: { message?: string; remedy?: string; evidence?: readonly string[] } = {},
  ): Behaviour<never> =>
  async (_otherwise, ...args: unknown[]) => {
    const host = (args[0] as Partial<OperationContext> | undefined)?.target?.name;
    throw new QuorateError(type, details.message ?? `${type} on purpose`, {
      ...(host === undefined ? {} : { host }),
      remedy: details.remedy ?? `mend ${type}`,
      evidence: details.evidence ?? [`evidence of ${type}`],
    });
  };

export const answers =
  <Value>(value: Value) =>
  async (): Promise<Value> =>
    value;

export interface Gate {
  /** Settles when an attempt hangs in it. */
  readonly reached: Promise<void>;
  /** Lets the attempt go on with its usual answer. */
  open(): void;
  readonly hold: Behaviour<never>;
}

/**
 * An attempt hangs, heartbeating, until the gate is opened or the activity is cancelled. A cancelled one takes a while
 * to stop what it began, as a command on a host does.
 * @param options.deaf it does not honour a cancel
 */
export const gate = ({ deaf = false } = {}): Gate => {
  let arrive = (): void => {};
  let open = (): void => {};
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    reached,
    open: () => open(),
    hold: async (otherwise) => {
      const context = Context.current();
      const beat = setInterval(() => context.heartbeat(), 50);
      arrive();
      try {
        await (deaf ? opened : Promise.race([opened, context.cancelled]));
      } catch (cancelled) {
        await sleep(150);
        throw cancelled;
      } finally {
        clearInterval(beat);
      }
      return otherwise();
    },
  };
};

/** Cluster of an activity's first argument: an operation's context, or the id of a workflow. */
const clusterOf = (first: unknown): string =>
  typeof first === 'string' ? (first.split('/')[1] ?? first) : (first as OperationContext).cluster;

/**
 * All activities of the product, answering with facts of a healthy cluster and a clean host. What a test scripts is kept
 * per cluster, so that tests with clusters of their own share one worker.
 * @param overrides answers of this worker instead of the default ones
 */
export const scriptedActivities = (
  overrides: Partial<Activities> = {},
): { activities: Activities; script: (cluster: string) => Script } => {
  const scripts = new Map<string, { script: Script; queues: Map<ActivityName, Behaviour<never>[]> }>();
  let count = 0;
  const entryOf = (cluster: string) => {
    const known = scripts.get(cluster);
    if (known !== undefined) return known;
    const calls: Call[] = [];
    const queues = new Map<ActivityName, Behaviour<never>[]>();
    const script: Script = {
      calls,
      world: { hosts: {} },
      names: () => calls.map((call) => call.activity),
      callsOf: (activity) => calls.filter((call) => call.activity === activity),
      on: (activity, ...behaviours) => {
        queues.set(activity, [...(queues.get(activity) ?? []), ...(behaviours as unknown as Behaviour<never>[])]);
      },
    };
    const made = { script, queues };
    scripts.set(cluster, made);
    return made;
  };

  const recorded = (activity: ActivityName) =>
    guarded(async (...args: unknown[]): Promise<unknown> => {
      const { script, queues } = entryOf(clusterOf(args[0]));
      const call: Call = { activity, args, began: ++count };
      script.calls.push(call);
      const otherwise = (overrides[activity] ?? defaultAnswers(script.world)[activity]) as (
        ...args: unknown[]
      ) => Promise<unknown>;
      const behaviour = queues.get(activity)?.shift() as
        ((otherwise: () => Promise<unknown>, ...args: unknown[]) => Promise<unknown>) | undefined;
      try {
        const answer = await (behaviour === undefined
          ? otherwise(...args)
          : behaviour(() => otherwise(...args), ...args));
        call.outcome = 'answered';
        return answer;
      } catch (error) {
        call.outcome = Context.current().cancellationSignal.aborted ? 'cancelled' : 'failed';
        throw error;
      } finally {
        call.ended = ++count;
      }
    });

  const names = Object.keys(defaultAnswers({ hosts: {} })) as ActivityName[];
  return {
    activities: Object.fromEntries(names.map((name) => [name, recorded(name)])) as unknown as Activities,
    script: (cluster) => entryOf(cluster).script,
  };
};
