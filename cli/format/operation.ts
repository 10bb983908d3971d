import { hasEnded } from '../../api/client/operation-summary.js';
import type { OperationView } from '../../api/client/operation-view.js';
import type { StepProgress, StepState } from '../../model/progress.js';
import { beginsNow } from '../../model/queue.js';
import { blockedLines } from './blocked.js';
import { age, clip, printable, shortDuration } from './text.js';
import { phraseOf } from '../../model/operations.js';

const marks: Record<StepState, string> = {
  pending: '·',
  running: '●',
  done: '✓',
  skipped: '-',
  failed: '✗',
  blocked: '!',
  undoing: '●',
  undone: '↺',
};

const colours: Partial<Record<StepState, number>> = { running: 36, done: 32, failed: 31, blocked: 33, undoing: 36 };

const isActive = (state: StepState): boolean => state === 'running' || state === 'undoing' || state === 'blocked';

/** What the host printed last, by the fresher source. */
export const lastLineOf = ({ activity, progress }: OperationView): string | undefined =>
  activity?.lastLine ?? progress?.lastLine;

/** One line on what holds an operation up although it is not blocked. */
export const holdUp = ({ activity, outage, summary }: OperationView): string | undefined => {
  if (outage !== undefined) return `${outage}; the operation is not affected, watching goes on`;
  // Nothing holds up one that is about to begin.
  if (summary.state === 'waiting') {
    return summary.waitsFor === undefined || summary.waitsFor === beginsNow
      ? undefined
      : `waits for ${summary.waitsFor}`;
  }
  // What a blocked operation does is to look whether the cause is gone.
  if (summary.state === 'blocked' || activity === undefined) return undefined;
  if (activity.attempt < 2 || activity.lastFailure === undefined) return undefined;
  return `attempt ${activity.attempt} of ${activity.type}; before: ${printable(activity.lastFailure)}`;
};

/** Heading of an operation: what, where, and its id. */
export const heading = ({ summary: { kind, host, cluster, operation } }: OperationView): string =>
  `${phraseOf({ kind, host, cluster })} (${operation})`;

/** How long an active step takes, and how long it may before it blocks the operation. */
const elapsed = ({ state, since, budgetMs }: StepProgress, now: number): string => {
  if (since === undefined || !isActive(state)) return '';
  const budget = budgetMs === undefined || state !== 'running' ? '' : ` of ${shortDuration(budgetMs)}`;
  return ` (${age(since, now)}${budget})`;
};

const stepLine = (step: StepProgress, now: number): string => {
  const note = step.note === undefined || step.state === 'blocked' ? '' : `: ${printable(step.note)}`;
  return `  ${marks[step.state]} ${step.state === 'undoing' ? 'undo ' : ''}${step.title}${elapsed(step, now)}${note}`;
};

/** How long the operation takes, what comes next, and who decided and asked. */
const footing = ({ summary, progress }: OperationView, now: number): string | undefined => {
  if (progress === undefined || hasEnded(summary.state)) return undefined;
  const { steps, by, decisions } = progress;
  const current = steps.findLastIndex(({ state }) => isActive(state));
  const next = steps.slice(current + 1).find(({ state }) => state === 'pending');
  const undoing = steps.some(({ state }) => state === 'undoing');
  const decided = decisions.at(-1);
  return [
    `  ${age(summary.since, now)} so far`,
    ...(next === undefined || undoing ? [] : [`next: ${next.title}`]),
    ...(decided === undefined ? [] : [`last decision: ${decided.action} by ${decided.by}`]),
    `asked for by ${by}`,
  ].join('; ');
};

interface Line {
  readonly text: string;
  readonly state?: StepState;
}

/** How operations are drawn. */
export interface LinesOptions {
  readonly now: number;
  /** Lines are cut to this width; absent: as long as they are. */
  readonly columns?: number;
  /** Steps that are done or to come are counted where there are not so many rows; absent: there are enough. */
  readonly rows?: number;
  readonly colour?: boolean;
  /** Says how long it takes, what comes next, and who decided and asked. */
  readonly footing?: boolean;
  /** Says why it is blocked and what may be decided. */
  readonly blocked?: boolean;
}

const stepLines = (view: OperationView, steps: readonly StepProgress[], now: number): Line[] => {
  const lastLine = lastLineOf(view);
  return steps.flatMap((step) => [
    { text: stepLine(step, now), state: step.state },
    ...(isActive(step.state) && step.state !== 'blocked' && lastLine !== undefined
      ? [{ text: `      ${view.summary.host} printed: ${printable(lastLine)}` }]
      : []),
  ]);
};

/** What is going on in full; of what is done and what is to come how many steps. */
const foldedLines = (view: OperationView, steps: readonly StepProgress[], now: number): Line[] => {
  const done = steps.filter(({ state }) => state === 'done' || state === 'skipped').length;
  const toCome = steps.filter(({ state }) => state === 'pending').length;
  const others = steps.filter(({ state }) => state !== 'done' && state !== 'skipped' && state !== 'pending');
  return [
    ...(done === 0 ? [] : [{ text: `  ${marks.done} ${done} done`, state: 'done' as const }]),
    ...stepLines(view, others, now),
    ...(toCome === 0 ? [] : [{ text: `  ${marks.pending} ${toCome} to come` }]),
  ];
};

/** An operation as a block of lines: heading, one line per step, what the host prints, what holds it up. */
export const operationLines = (view: OperationView, options: LinesOptions): string[] => {
  const { now, columns, rows = Number.POSITIVE_INFINITY, colour = false } = options;
  const steps = view.progress?.steps ?? [];
  const held = holdUp(view);
  const foot = options.footing === true ? footing(view, now) : undefined;
  const layout = (middle: readonly Line[], evidence: number): Line[] => [
    { text: heading(view) },
    ...middle,
    ...[
      ...(options.blocked === true ? blockedLines(view, { now, columns, evidence }) : []),
      ...(held === undefined ? [] : [`  ${held}`]),
      ...(foot === undefined ? [] : [foot]),
    ].map((text): Line => ({ text })),
  ];
  const folded = foldedLines(view, steps, now);
  const layouts = [layout(stepLines(view, steps, now), 5), layout(folded, 5), layout(folded, 0)];
  const lines = layouts.find(({ length }) => length <= rows) ?? layout(folded, 0).slice(0, Math.max(1, rows));
  return lines.map(({ text, state }) => {
    // Titles, names and ids too: an operation may have been begun, and a decision sent, past every front end.
    const shown = printable(text);
    const line = columns === undefined ? shown : clip(shown, columns);
    const tint = colour && state !== undefined ? colours[state] : undefined;
    const mark = state === undefined ? '' : marks[state];
    return tint === undefined ? line : line.replace(mark, `\x1b[${tint}m${mark}\x1b[0m`);
  });
};

const outcomeWords: Readonly<Record<string, string>> = {
  finished: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
  'rolled-back': 'Rolled back',
  aborted: 'Aborted',
  terminated: 'Terminated from outside, nothing was undone',
};

/** The last line about an operation that has ended. */
export const endText = ({ summary, progress }: OperationView): string => {
  const text = progress?.summary ?? summary.message;
  const word = outcomeWords[summary.state] ?? summary.state;
  return `${printable(`${word}${text === undefined ? '' : `: ${text}`}`)}\n`;
};
