import { HandlerUnfinishedPolicy } from '@temporalio/common';
import { condition, setHandler, sleep } from '@temporalio/workflow';
import { parse } from 'zod';
import { Decision } from '../model/messages.js';
import type { DecisionAction } from '../model/progress.js';
import type { Failure } from './failures.js';
import type { Journal } from './journal.js';
import { decide } from './messages.js';
import { parseOrRefuse, refusal } from './validation.js';
import type { Watcher } from './watch-cause.js';

/** What may be decided, and what each choice does, one sentence each. */
export type Choices = Partial<Record<DecisionAction, string>>;

interface Question {
  readonly step: string;
  readonly failure: Failure;
  readonly choices: Choices;
  /** Set where an approval is asked for that ends by itself when nobody gives it. */
  readonly expiresInMs?: number;
  /** Set where the policy wants another person to approve than this one. */
  readonly notBy?: string;
}

export interface Decisions {
  /**
   * Blocks the operation with a typed reason until somebody decides, the cause is seen gone, or the request expires:
   * then the answer is a `retry` or an `abort` by `quorate`.
   */
  ask(question: Question): Promise<Decision>;
}

/** Who is recorded for what the operation decides by itself. */
const itself = 'quorate';

const sample = '{"action": "retry | skip | approve | rollback | abort", "by": "who", "reason": "why"}';

/** Registers the update `decide`; it is refused, with the reason, where it makes no sense. */
export const createDecisions = (journal: Journal, watcher: Watcher): Decisions => {
  let taken: Decision | undefined;
  /** Number of the question that is open, or was last: an answer to an earlier one is none to a later one. */
  let question = 0;
  const take = (decision: Decision): void => {
    taken = decision;
    journal.decided(decision);
  };
  setHandler(
    decide,
    (sent) => {
      const decision = parse(Decision, sent);
      take(decision);
      return { accepted: true, action: decision.action };
    },
    {
      description: `Decides how a blocked operation goes on; what each choice does stands in the details. One argument: ${sample}; with "about": N it is taken for question N alone`,
      unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
      validator: (decision) => {
        const { action, by, about } = parseOrRefuse(Decision, decision, {
          type: 'InvalidDecision',
          what: 'not a decision',
          remedy: `send ${sample}`,
        });
        const { blocked, operation, outcome } = journal.progress;
        if (blocked === undefined) {
          const state = outcome === undefined ? 'is running and waits for nobody' : `has ended (${outcome})`;
          throw refusal('NotBlocked', `${operation} ${state}; there is nothing to decide`);
        }
        if (about !== undefined && about !== blocked.question) {
          throw refusal(
            'ChoiceRefused',
            `${operation} waits for something else by now (${blocked.type}: ${blocked.message}); look at it again and decide that`,
          );
        }
        if (!blocked.choices.includes(action)) {
          throw refusal(
            'ChoiceRefused',
            `"${action}" makes no sense while ${operation} is blocked by ${blocked.type}; choose one of: ${blocked.choices.join(', ')}`,
          );
        }
        if (by.trim() === itself) {
          throw refusal(
            'InvalidDecision',
            `"${itself}" stands for decisions that nobody took: say who you are in "by"`,
          );
        }
        if (action === 'approve' && blocked.notBy === by.trim()) {
          throw refusal(
            'ApproverIsAsker',
            `${by} asked for ${operation} and policy.approvals.byAnother is set: another person has to approve it`,
          );
        }
      },
    },
  );
  return {
    async ask({ step, failure, choices, expiresInMs, notBy }) {
      taken = undefined;
      question += 1;
      const asked = question;
      // An approval is a person's to give: nothing that is seen stands for it.
      const isWatched = choices.approve === undefined;
      const watching = isWatched ? watcher.watches(failure) : undefined;
      journal.blocked({
        question: asked,
        type: failure.type,
        step,
        message: failure.message,
        remedy: failure.details.remedy,
        evidence: [...failure.details.evidence],
        choices: Object.keys(choices) as DecisionAction[],
        consequences: choices,
        ...(expiresInMs === undefined ? {} : { expiresAt: new Date(Date.now() + expiresInMs).toISOString() }),
        ...(notBy === undefined ? {} : { notBy }),
        ...(watching === undefined ? {} : { watching }),
      });
      const stopWatching = isWatched
        ? watcher.watch(failure, (seen) => {
            // A probe that was cancelled may still answer; its question has been answered otherwise.
            const isOpen = asked === question && journal.progress.blocked !== undefined;
            if (isOpen) take({ action: 'retry', by: itself, reason: seen });
            return isOpen;
          })
        : () => {};
      const decided = (): boolean => taken !== undefined;
      try {
        const inTime =
          expiresInMs === undefined
            ? condition(decided)
            : condition(decided, expiresInMs, { summary: 'until the request for an approval ends' });
        if ((await inTime) === false) {
          take({ action: 'abort', by: itself, reason: 'nobody approved it in time' });
        }
      } finally {
        stopWatching();
        journal.unblocked();
      }
      // The handlers have set it: TypeScript cannot see that across the await.
      const decision = taken as unknown as Decision;
      const { afterMs = 0 } = decision;
      if (afterMs > 0) await sleep(afterMs, { summary: 'one of many that go on one after the other' });
      return decision;
    },
  };
};
