import type { SubmitRequest } from '../model/messages.js';
import type { OperationContext } from '../model/operation.js';
import type { PlanWorld } from '../model/plan.js';
import { runOperation } from './runner.js';
import type { OperationResult } from './runner.js';
import type { OperationState, Step } from './step.js';

/** The steps of a kind of operation, and what only it can say; `model/operations.ts` has the rest. */
export interface Operation<State extends OperationState> {
  /** What its steps begin with. */
  readonly begin: (context: OperationContext) => State;
  /** Asked once in each run, so that it may ask `patched` (docs/versioning.md). */
  readonly steps: () => readonly Step<State>[];
  /** The one line of the plan where only a proof is left to do; undefined where there is more. */
  readonly alreadyDone?: (world: PlanWorld) => string | undefined;
  /** What it says when it has finished. */
  readonly summary: (state: State) => string;
}

/** An operation as everybody else uses it: what its state is, is its own affair. */
export interface DefinedOperation {
  readonly run: (request: SubmitRequest) => Promise<OperationResult>;
  /** What it will change, in order, one line each for the operator. For findings without anything fatal. */
  readonly plan: (world: PlanWorld) => readonly string[];
}

const planOf = <State extends OperationState>(
  { alreadyDone }: Operation<State>,
  steps: readonly Step<State>[],
  world: PlanWorld,
): readonly string[] => {
  const done = alreadyDone?.(world);
  return done === undefined ? steps.flatMap((step) => step.plan?.(world) ?? []) : [done];
};

export const defineOperation = <State extends OperationState>(operation: Operation<State>): DefinedOperation => ({
  run: ({ context, by }) => {
    const steps = operation.steps();
    return runOperation(steps, operation.begin(context), by, {
      plan: (world) => planOf(operation, steps, world),
      summary: operation.summary,
    });
  },
  plan: (world) => planOf(operation, operation.steps(), world),
});
