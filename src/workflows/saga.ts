import { CancellationScope } from '@temporalio/workflow';
import type { Decisions } from './decisions.js';
import { failureOf } from './failures.js';
import type { Failure } from './failures.js';
import type { Journal } from './journal.js';
import type { OperationState, Step } from './step.js';

export interface Saga<State extends OperationState> {
  /** Before the step runs: it may have done its work even when it fails. Registering twice keeps one. */
  register(step: Step<State>): void;
  /** Nothing to undo. */
  isEmpty(): boolean;
  /**
   * Undoes in reverse order, shielded from cancellation. An undo that fails blocks the operation with `UndoFailed`:
   * `retry` tries it again, `abort` leaves this and everything before it as it is.
   */
  rollback(state: State): Promise<{
    /** Ids of the steps that were undone, in the order of undoing. */
    readonly undone: readonly string[];
    /** The failure of the undo that an operator gave up; absent when everything was undone. */
    readonly givenUp?: Failure;
  }>;
}

export const createSaga = <State extends OperationState>(journal: Journal, decisions: Decisions): Saga<State> => {
  const registered: Step<State>[] = [];
  const undo = async (step: Step<State>, state: State): Promise<Failure | undefined> => {
    for (;;) {
      journal.step(step.id, 'undoing');
      try {
        const note = (await step.undo?.run(state)) ?? '';
        journal.step(step.id, 'undone', note);
        return undefined;
      } catch (error) {
        const failure = failureOf(error);
        if (failure === undefined) throw error;
        journal.step(step.id, 'blocked', failure.message);
        const undoFailure: Failure = {
          type: failure.type === 'QuorumAtRisk' ? 'QuorumAtRisk' : 'UndoFailed',
          message: `${step.undo?.title(state.context) ?? step.id} could not be done: ${failure.message}`,
          details: failure.details,
        };
        const decision = await decisions.ask(step.id, undoFailure, ['retry', 'abort']);
        if (decision.action === 'abort') {
          journal.step(step.id, 'failed', `left as it is: ${failure.message}`);
          return undoFailure;
        }
      }
    }
  };
  return {
    register(step) {
      if (step.undo !== undefined && !registered.includes(step)) registered.push(step);
    },
    isEmpty: () => registered.length === 0,
    rollback: (state) =>
      CancellationScope.nonCancellable(async () => {
        const undone: string[] = [];
        for (const step of registered.toReversed()) {
          const givenUp = await undo(step, state);
          if (givenUp !== undefined) return { undone, givenUp };
          undone.push(step.id);
        }
        return { undone };
      }),
  };
};
