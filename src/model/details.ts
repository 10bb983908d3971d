import type { ClusterQueue } from './messages.js';
import type { OperationProgress, StepProgress } from './progress.js';

/** What hosts and commands say comes in lines; one that begins with "-" or "#" would change the page. */
const oneLine = (text: string): string => text.replaceAll(/\s*[\r\n]+\s*/g, ' ');
const escapeCell = (text: string): string => oneLine(text).replaceAll('|', '\\|');
const code = (text: string): string => `\`${oneLine(text).replaceAll('`', "'")}\``;
const codeBlock = (lines: readonly string[]): string =>
  ['```', ...lines.map((line) => line.replaceAll('```', "'''")), '```'].join('\n');
const clock = (iso: string | undefined): string => (iso === undefined ? '' : iso.slice(11, 19));

const words: Record<StepProgress['state'], string> = {
  pending: '',
  running: '**running**',
  done: 'done',
  skipped: 'not needed',
  failed: '**failed**',
  blocked: '**waits for a decision**',
  undoing: '**undoing**',
  undone: 'undone',
};

const table = (steps: readonly StepProgress[]): string =>
  [
    '| step | state | since (UTC) | seen or done |',
    '| --- | --- | --- | --- |',
    ...steps.map(
      (step) =>
        `| ${escapeCell(step.title)} | ${words[step.state]} | ${clock(step.since)} | ${escapeCell(step.note ?? '')} |`,
    ),
  ].join('\n');

const blockedText = (progress: OperationProgress): string[] => {
  const { blocked } = progress;
  if (blocked === undefined) return [];
  const example = (action: string) => `\`{"action": "${action}", "by": "you", "reason": "..."}\``;
  const [first, ...others] = blocked.choices;
  return [
    `## Blocked: ${blocked.type} (${progress.host} into ${progress.cluster}, since ${clock(blocked.since)} UTC)`,
    `**${oneLine(blocked.message)}**`,
    ...(blocked.evidence.length === 0 ? [] : [codeBlock(blocked.evidence)]),
    `**What to do:** ${oneLine(blocked.remedy)}`,
    `**To go on:** send the update \`decide\` with ${example(first ?? 'retry')}, or run \`quorate decide ${progress.operation} ${first ?? 'retry'}\`.` +
      (others.length === 0 ? '' : ` Other choices: ${others.map((action) => `\`${action}\``).join(', ')}.`) +
      ` \`abort\` leaves everything as it is. Runbook: ${blocked.type}.`,
  ];
};

/** The page of an operation in the Temporal UI (Markdown; headings, bold, code and tables render there, lists do not). */
export const renderDetails = (progress: OperationProgress): string => {
  const running = progress.steps.find((step) => step.state === 'running' || step.state === 'undoing');
  const heading =
    progress.outcome !== undefined
      ? `## ${progress.outcome}: ${oneLine(progress.summary ?? '')}`
      : `## ${progress.kind} ${progress.host} (${progress.cluster})${running === undefined ? '' : `: ${running.title}, since ${clock(running.since)} UTC`}`;
  return [
    ...(progress.blocked === undefined ? [heading] : blockedText(progress)),
    ...(progress.lastLine === undefined || progress.outcome !== undefined
      ? []
      : [`The host printed last: ${code(progress.lastLine)}`]),
    table(progress.steps),
    ...(progress.plan.length === 0 ? [] : [`**Plan:** ${oneLine(progress.plan.join('; '))}.`]),
    ...(progress.decisions.length === 0
      ? []
      : [
          `**Decisions:** ${progress.decisions.map((d) => `${d.action} by ${oneLine(d.by)} at ${clock(d.at)}${d.reason === '' ? '' : ` (${oneLine(d.reason)})`}`).join('; ')}.`,
        ]),
    `Asked for by ${oneLine(progress.by)}. Operation \`${progress.operation}\`.`,
  ].join('\n\n');
};

/** The page of a cluster's queue in the Temporal UI. */
export const renderQueue = (queue: ClusterQueue): string => {
  const rows = [
    ...queue.running.map((item) => [item.operation, '**running**', item.by, clock(item.since)]),
    ...queue.waiting.map((item) => [item.operation, `waits for ${item.waitsFor}`, item.by, clock(item.since)]),
    ...queue.ended
      .slice(-20)
      .toReversed()
      .map((item) => [
        item.operation,
        `${item.outcome}${item.message === undefined ? '' : `: ${item.message}`}`,
        item.by,
        clock(item.since),
      ]),
  ];
  return [
    `## ${queue.cluster}: ${queue.running.length} running, ${queue.waiting.length} waiting`,
    [
      '| operation | state | asked for by | since (UTC) |',
      '| --- | --- | --- | --- |',
      ...rows.map((row) => `| ${row.map(escapeCell).join(' | ')} |`),
    ].join('\n'),
  ].join('\n\n');
};
