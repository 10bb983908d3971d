import { setCurrentDetails } from '@temporalio/workflow';
import { renderDetails } from '../model/details.js';
import type { Decision } from '../model/messages.js';
import type { OperationContext } from '../model/operation.js';
import type { Blocked, OperationOutcome, OperationProgress, StepState } from '../model/progress.js';
import { announcedOf, createAnnouncer } from './announce.js';
import type { OperationState, Step } from './step.js';
import { showBlocked, showPhase, showResumed } from './visibility.js';

const now = (): string => new Date().toISOString();

/** Keeps the progress of one operation, and shows each change where operators look: details, search attributes, memo. */
export interface Journal {
  readonly progress: OperationProgress;
  step(id: string, state: StepState, note?: string): void;
  plan(lines: readonly string[]): void;
  printed(line: string): void;
  blocked(blocked: Omit<Blocked, 'since'>): void;
  decided(decision: Decision): void;
  /** Nobody waits for a decision any more: the operation was cancelled while it was blocked. */
  unblocked(): void;
  ended(outcome: OperationOutcome, summary: string): void;
  /** Settles when everybody who is to be told is being told: before that the workflow must not end. */
  told(): Promise<void>;
}

export const createJournal = <State extends OperationState>(
  context: OperationContext,
  by: string,
  steps: readonly Step<State>[],
): Journal => {
  const announcer = createAnnouncer(announcedOf(context, by));
  const progress: OperationProgress = {
    revision: 0,
    operation: context.operation,
    kind: context.kind,
    cluster: context.cluster,
    host: context.target.name,
    by,
    steps: steps.map((step) => {
      const budgetMs = step.budgetMs?.(context);
      return {
        id: step.id,
        title: step.title(context),
        state: 'pending',
        ...(budgetMs === undefined ? {} : { budgetMs }),
      };
    }),
    plan: [],
    decisions: [],
  };
  const publish = (): void => {
    progress.revision += 1;
    setCurrentDetails(renderDetails(progress));
  };
  publish();
  return {
    progress,
    step(id, state, note) {
      const step = progress.steps.find((candidate) => candidate.id === id);
      if (step === undefined) return;
      step.state = state;
      if (state === 'pending') delete step.since;
      else step.since = now();
      if (note !== undefined) step.note = note.slice(0, 500);
      else if (state === 'running' || state === 'pending') delete step.note;
      if (state !== 'running' || progress.lastLine !== undefined) delete progress.lastLine;
      if (state === 'running' || state === 'undoing') showPhase(state === 'running' ? id : `undo ${id}`);
      publish();
    },
    plan(lines) {
      progress.plan = [...lines];
      publish();
    },
    printed(line) {
      progress.lastLine = line.slice(0, 300);
      publish();
    },
    blocked(blocked) {
      progress.blocked = { ...blocked, since: now() };
      showBlocked(progress.blocked);
      publish();
      announcer.announce({ type: 'operation.blocked', blocked });
    },
    decided({ action, by: decidedBy, reason }) {
      const decision = { action, by: decidedBy, reason };
      progress.decisions.push({ ...decision, at: now() });
      this.unblocked();
      announcer.announce({ type: 'operation.resumed', decision });
    },
    unblocked() {
      if (progress.blocked === undefined) return;
      delete progress.blocked;
      showResumed();
      publish();
    },
    ended(outcome, summary) {
      progress.outcome = outcome;
      progress.summary = summary;
      showPhase(outcome);
      publish();
      announcer.announce({ type: 'operation.ended', outcome, summary });
    },
    told: () => announcer.begun(),
  };
};
