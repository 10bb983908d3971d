import type { OperationView } from '../../api/operation-view.js';
import type { StepState } from '../../model/progress.js';
import { age, clip, printable } from './text.js';

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

/** What the host printed last, by the fresher source. */
export const lastLineOf = ({ activity, progress }: OperationView): string | undefined =>
  activity?.lastLine ?? progress?.lastLine;

/** One line on what holds an operation up although it is not blocked. */
export const holdUp = ({ activity, outage, summary }: OperationView): string | undefined => {
  if (outage !== undefined) return `${outage}; the operation is not affected, watching goes on`;
  if (summary.state === 'waiting') return `waits for ${summary.waitsFor ?? 'its turn'}`;
  if (activity === undefined || activity.attempt < 2 || activity.lastFailure === undefined) return undefined;
  return `attempt ${activity.attempt} of ${activity.type}; before: ${printable(activity.lastFailure)}`;
};

/** Heading of an operation: what, where, and its id. */
export const heading = ({ summary: { kind, host, cluster, operation } }: OperationView): string =>
  `${kind} ${host} ${kind === 'init' ? 'of' : 'into'} ${cluster} (${operation})`;

/**
 * An operation as a block of lines: heading, one line per step, what the host prints.
 *
 * @param columns lines are cut to this width; absent: as long as they are.
 */
export const operationLines = (
  view: OperationView,
  { now, columns, colour = false }: { now: number; columns?: number; colour?: boolean },
): string[] => {
  const { progress, summary } = view;
  const fit = (text: string): string => (columns === undefined ? text : clip(text, columns));
  const lines = [fit(heading(view))];
  for (const step of progress?.steps ?? []) {
    const active = step.state === 'running' || step.state === 'undoing' || step.state === 'blocked';
    const since = active && step.since !== undefined ? ` (${age(step.since, now)})` : '';
    const note = step.note === undefined || step.state === 'blocked' ? '' : `: ${printable(step.note)}`;
    const word = step.state === 'undoing' ? 'undo ' : '';
    const mark = marks[step.state];
    const tint = colour ? colours[step.state] : undefined;
    const text = fit(`  ${mark} ${word}${step.title}${since}${note}`);
    lines.push(tint === undefined ? text : text.replace(mark, `\x1b[${tint}m${mark}\x1b[0m`));
    const lastLine = lastLineOf(view);
    if (active && step.state !== 'blocked' && lastLine !== undefined) {
      lines.push(fit(`      ${summary.host} printed: ${printable(lastLine)}`));
    }
  }
  const held = holdUp(view);
  if (held !== undefined) lines.push(fit(`  ${held}`));
  return lines;
};

/** Why an operation is blocked, and the exact commands that go on with it. */
export const blockedText = (view: OperationView): string => {
  const { summary, progress } = view;
  const blocked = progress?.blocked;
  if (blocked === undefined) {
    return `Blocked by ${summary.blockedReason ?? 'an unknown reason'}; details need a worker. See \`quorate operations show ${summary.operation}\`.\n`;
  }
  const commands = blocked.choices.map((action) => `  quorate decide ${summary.operation} ${action}`);
  const longest = Math.max(...commands.map((command) => command.length));
  return [
    `Blocked: ${blocked.type}`,
    `  ${printable(blocked.message)}`,
    ...blocked.evidence.map((line) => `  | ${printable(line)}`),
    `What to do: ${printable(blocked.remedy)}`,
    'Then one of:',
    ...blocked.choices.map(
      (action, index) =>
        `${(commands[index] ?? '').padEnd(longest)}  # ${printable(blocked.consequences[action] ?? '')}`,
    ),
    `Runbook: docs/runbook.md, ${blocked.type}`,
    '',
  ].join('\n');
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
  return `${word}${text === undefined ? '' : `: ${printable(text)}`}\n`;
};
