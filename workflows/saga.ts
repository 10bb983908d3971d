import { CancellationScope } from '@temporalio/workflow';
import { failurePolicy } from '../model/failures/failure-policy.js';
import type { Decisions } from './decisions.js';
import { failureOf } from './failures.js';
import type { Failure } from './failures.js';
import type { OperationContext } from '../model/operation.js';
import type { Journal } from './journal.js';
import type { OperationState, Step } from './step.js';

export interface Saga<State extends OperationState> {
  /** Before the step runs: it may have done its work even when it fails. Registering twice keeps one. */
  register(step: Step<State>): void;
  /** What a rollback would do, in its order; empty when there is nothing to undo. */
  titles(context: OperationContext): string[];
  /**
   * Undoes in reverse order, shielded from cancellation. An undo that fails blocks the operation with `UndoFailed`:
   * `retry` tries it again, `skip` leaves this one and undoes the rest, `abort` leaves this and everything before it.
   */
  rollback(state: State): Promise<{
    /** Ids of the steps that were undone, in the order of undoing. */
    readonly undone: readonly string[];
    /** The failure of the first undo that an operator gave up; absent when everything was undone. */
    readonly givenUp?: Failure;
  }>;
}

export const createSaga = <State extends OperationState>(journal: Journal, decisions: Decisions): Saga<State> => {
  const registered: Step<State>[] = [];
  const undo = async (step: Step<State>, state: State): Promise<{ failure: Failure; goOn: boolean } | undefined> => {
    for (;;) {
      journal.step(step.id, 'undoing');
      try {
        const note = (await step.undo?.run(state)) ?? '';
        journal.step(step.id, 'undone', note);
        return undefined;
      } catch (error) {
        const found = failureOf(error);
        if (found === undefined) throw error;
        journal.step(step.id, 'blocked', found.message);
        const title = step.undo?.title(state.context) ?? step.id;
        const failure: Failure = {
          type: found.type === 'QuorumAtRisk' ? 'QuorumAtRisk' : 'UndoFailed',
          probe: found.type === 'QuorumAtRisk' ? 'quorum' : failurePolicy(found.type).probe,
          message: `${title} could not be done: ${found.message}`,
          details: found.details,
        };
        const decision = await decisions.ask({
          step: step.id,
          failure,
          choices: {
            retry: `looks again and tries once more to ${title}`,
            skip: `does not ${title}, and undoes the rest`,
            abort: `ends the operation; this and what is not undone yet is left as it is`,
          },
        });
        if (decision.action === 'retry') {
          // A unit of this round has ended: its result is that of the try before. One that sight was lost of is found again.
          if (found.lostSight !== true) state.context = { ...state.context, round: state.context.round + 1 };
          continue;
        }
        journal.step(step.id, 'failed', `left as it is by ${decision.by}: ${found.message}`);
        return { failure, goOn: decision.action === 'skip' };
      }
    }
  };
  return {
    register(step) {
      if (step.undo === undefined) return;
      // One that was computed anew is the same step.
      const at = registered.findIndex(({ id }) => id === step.id);
      if (at === -1) registered.push(step);
      else registered[at] = step;
    },
    titles: (context) => registered.toReversed().map((step) => step.undo?.title(context) ?? step.id),
    rollback: (state) =>
      CancellationScope.nonCancellable(async () => {
        const undone: string[] = [];
        let givenUp: Failure | undefined;
        for (const step of registered.toReversed()) {
          const left = await undo(step, state);
          if (left === undefined) {
            undone.push(step.id);
            continue;
          }
          givenUp ??= left.failure;
          if (!left.goOn) break;
        }
        return { undone, ...(givenUp === undefined ? {} : { givenUp }) };
      }),
  };
};
