import type { OperationContext } from '../model/operation.js';
import type { FailureType } from '../model/failures/failure.js';
import type { PlanLines, PlanWorld } from '../model/plan.js';
import { planCovers } from '../model/plan-subject.js';
import { covers } from '../model/preflight/finding.js';

/** An approval is for what was shown, and holds for a while. */
interface Approval {
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly untilMs: number;
}

/** Whether what needs an approval now is what was approved, and still holds. */
export const isApproved = (
  { approvals }: Pick<OperationState, 'approvals'>,
  type: FailureType,
  subject: string,
  nowMs: number,
): boolean => {
  const approval = approvals.get(type);
  if (approval === undefined || nowMs >= approval.untilMs) return false;
  return covers(approval.subject, subject) || planCovers(approval.subject, subject);
};

/** What every operation remembers between its steps; operations add what they read. */
export interface OperationState {
  context: OperationContext;
  /** What an operator approved in this operation, by the type of failure that asked for it. */
  readonly approvals: Map<FailureType, Approval>;
}

/** What the runner lends to a step. */
export interface StepTools {
  /** What the steps of the operation will change in the world as it was read. */
  planned(world: PlanWorld): readonly string[];
  /** Shows what will be done, one line each. */
  plan(lines: readonly string[]): void;
  /** Goes on with the command that this step had begun before sight of it was lost, and begins none. */
  readonly attaching: boolean;
}

/**
 * One row of an operation's table of contents. The runner gives every step the same treatment: phase, current
 * details, undo registered before it runs, failure classified, operation blocked where a person must decide.
 */
export interface Step<State extends OperationState> {
  readonly id: string;
  /** What an operator reads in the CLI and the Temporal UI. */
  readonly title: (context: OperationContext) => string;
  /** False for a step that only reads: a definitive failure in it ends the operation, as nothing was changed. */
  readonly changes: boolean;
  /** Why there is nothing to do, or undefined. */
  readonly skipWhen?: (state: State) => string | undefined;
  /** How long it may take before it blocks the operation, milliseconds; shown to those who watch. */
  readonly budgetMs?: (context: OperationContext) => number;
  /**
   * What going on without this step means, one sentence; only such a step may be skipped by a decision. Absent where what
   * follows would rest on it.
   */
  readonly withoutIt?: (context: OperationContext) => string;
  /**
   * An earlier step whose result has lapsed since, as credentials do while an operation is blocked for hours: it runs
   * again first.
   */
  readonly lapsedBefore?: (state: State, nowMs: number) => string | undefined;
  /** What it will change, for the plan; absent where an operator need not read of it before. */
  readonly plan?: PlanLines;
  /** Does it, and answers in one line what was seen or done. */
  readonly run: (state: State, tools: StepTools) => Promise<string>;
  /**
   * Steps that come right after this one, computed from what it has read, such as one for each host of a cluster. Computed
   * anew whenever it is done; ids are unique in the operation.
   */
  readonly followedBy?: (state: State) => readonly Step<State>[];
  /** Begins with an observation, since it is registered before the step has done anything. */
  readonly undo?: {
    readonly title: (context: OperationContext) => string;
    readonly run: (state: State) => Promise<string>;
  };
  /**
   * The step whose observation this one acts on. It is not begun on what was seen before the operation last waited for a
   * decision or a probe, nor by a run that was reset in Temporal since, nor on what is older than a quarter of an hour: the
   * operation goes back there first. What turns out to be different when it acts (`ChangedSinceCheck`) goes back there by
   * itself.
   */
  readonly restsOn?: string;
  /**
   * Why a `retry` may try this step again, or the one that it rests on, without reading the world anew, one sentence;
   * absent: it goes on from the first step, which reads, in a new round.
   */
  readonly retriedInPlace?: string;
  /**
   * Its command runs in a unit that is found again by operation, run and round: after sight of it was lost, a `retry` tries
   * this step again in the same round.
   */
  readonly attaches?: true;
  /**
   * Where the operation goes on by itself after this failure, instead of asking.
   * @param times how often it has done so for this failure type already
   */
  readonly recoverFrom?: (
    type: FailureType,
    times: number,
    context: OperationContext,
  ) => { readonly step: string; readonly afterMs: number } | undefined;
}
