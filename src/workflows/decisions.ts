import { HandlerUnfinishedPolicy } from '@temporalio/common';
import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { Decision } from '../model/messages.js';
import type { DecisionAction } from '../model/progress.js';
import type { Failure } from './failures.js';
import type { Journal } from './journal.js';
import { decide } from './messages.js';
import { parseOrRefuse } from './validation.js';

export interface Decisions {
  /** Blocks the operation with a typed reason until somebody decides. */
  ask(step: string, failure: Failure, choices: readonly DecisionAction[]): Promise<Decision>;
}

/** Registers the update `decide`; it is refused, with the reason, where it makes no sense. */
export const createDecisions = (journal: Journal): Decisions => {
  let taken: Decision | undefined;
  setHandler(
    decide,
    (decision) => {
      taken = Decision.parse(decision);
      journal.decided(taken);
      return { accepted: true, action: taken.action };
    },
    {
      description:
        'Decides how a blocked operation goes on. One argument: {"action": "retry | approve | rollback | abort", "by": "who", "reason": "why"}',
      unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
      validator: (decision) => {
        const { action } = parseOrRefuse(Decision, decision, {
          type: 'InvalidDecision',
          what: 'not a decision',
          remedy: 'send {"action": "retry | approve | rollback | abort", "by": "who", "reason": "why"}',
        });
        const { blocked, operation, outcome } = journal.progress;
        if (blocked === undefined) {
          const state = outcome === undefined ? 'is running and waits for nobody' : `has ended (${outcome})`;
          throw ApplicationFailure.nonRetryable(`${operation} ${state}; there is nothing to decide`, 'NotBlocked');
        }
        if (!blocked.choices.includes(action)) {
          throw ApplicationFailure.nonRetryable(
            `"${action}" makes no sense while ${operation} is blocked by ${blocked.type}; choose one of: ${blocked.choices.join(', ')}`,
            'ChoiceRefused',
          );
        }
      },
    },
  );
  return {
    async ask(step, failure, choices) {
      taken = undefined;
      journal.blocked({
        type: failure.type,
        step,
        message: failure.message,
        remedy: failure.details.remedy,
        evidence: [...failure.details.evidence],
        choices: [...choices],
      });
      try {
        await condition(() => taken !== undefined);
      } finally {
        journal.unblocked();
      }
      // The handler has set it: TypeScript cannot see that across the await.
      return taken as unknown as Decision;
    },
  };
};
