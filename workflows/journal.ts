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
  /** Some of the steps were computed anew: those that are done and no part of it any more stay where they are shown. */
  computed(steps: readonly Row[], anew: readonly Row[]): void;
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

type Row = Pick<Step<OperationState>, 'id' | 'title' | 'budgetMs'>;

export const createJournal = (context: OperationContext, by: string, steps: readonly Row[]): Journal => {
  const rowOf = ({ id, title, budgetMs }: Row): OperationProgress['steps'][number] => {
    const limit = budgetMs?.(context);
    return { id, title: title(context), state: 'pending', ...(limit === undefined ? {} : { budgetMs: limit }) };
  };

  const announcer = createAnnouncer(announcedOf(context, by));
  const progress: OperationProgress = {
    revision: 0,
    operation: context.operation,
    kind: context.kind,
    cluster: context.cluster,
    host: context.target.name,
    by,
    steps: steps.map(rowOf),
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
    computed(all, anew) {
      const ids = new Set(all.map(({ id }) => id));
      const known = new Map(progress.steps.map((step) => [step.id, step]));
      const rows = all.map((row) => (anew.includes(row) ? undefined : known.get(row.id)) ?? rowOf(row));
      for (const [index, step] of progress.steps.entries()) {
        if (ids.has(step.id) || step.state !== 'done') continue;
        const before = progress.steps[index - 1]?.id;
        rows.splice(rows.findIndex(({ id }) => id === before) + 1, 0, step);
      }
      progress.steps = rows;
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
