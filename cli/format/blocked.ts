import type { OperationView } from '../../api/client/operation-view.js';
import type { Blocked } from '../../model/progress.js';
import { age, duration, printable, wrap } from './text.js';

/** When it goes on, or ends, although nobody decides. */
const byItself = ({ watching, expiresAt, notBy }: Blocked, now: number): string[] => [
  ...(watching === undefined ? [] : [`Goes on by itself when ${printable(watching).replace(/^whether /, '')}.`]),
  ...(expiresAt === undefined
    ? []
    : [`Ends by itself in ${duration(Math.max(0, Date.parse(expiresAt) - now))} (${expiresAt}) when nobody approves.`]),
  ...(notBy === undefined ? [] : [`Somebody else than ${printable(notBy)} has to approve.`]),
];

const withoutDetails = ({ operation, blockedReason }: OperationView['summary']): string =>
  `Blocked by ${blockedReason ?? 'an unknown reason'}; details need a worker. See \`quorate operations show ${operation}\`.`;

/** Names the question in a command, so that it is no answer to a later one. */
const about = ({ question }: Blocked): string => (question === undefined ? '' : ` --about ${question}`);

/** Why an operation is blocked, and the exact commands that go on with it. */
export const blockedText = ({ summary, progress }: OperationView, now = Date.now()): string => {
  const blocked = progress?.blocked;
  if (blocked === undefined) return `${printable(withoutDetails(summary))}\n`;
  const commands = blocked.choices.map((action) => `  quorate decide ${summary.operation} ${action}${about(blocked)}`);
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
    ...byItself(blocked, now),
    `Runbook: docs/runbook.md, ${blocked.type}`,
    '',
  ]
    .map(printable)
    .join('\n');
};

/**
 * The same for a block of lines that is drawn again and again; none while the operation is not blocked.
 *
 * @param options.evidence at most so many lines of it; the rest is a command away.
 */
export const blockedLines = (
  { summary, progress, activity }: OperationView,
  options: { readonly now: number; readonly columns?: number | undefined; readonly evidence: number },
): string[] => {
  const { now, columns = Number.POSITIVE_INFINITY } = options;
  if (summary.state !== 'blocked') return [];
  const blocked = progress?.blocked;
  if (blocked === undefined) return [`  ${withoutDetails(summary)}`];
  const { type, since, message, remedy, evidence, choices, consequences } = blocked;
  const longest = Math.max(...choices.map((action) => action.length));
  const more = evidence.length - options.evidence;
  const looked = blocked.watching === undefined ? undefined : activity?.lastFailure;
  return [
    ...wrap(`  Blocked by ${type} for ${age(since, now)}: ${printable(message)}`, columns, '    '),
    ...evidence.slice(0, options.evidence).map((line) => `    | ${printable(line)}`),
    ...(more > 0 ? [`    | ${more} more: quorate operations show ${summary.operation}`] : []),
    ...wrap(`    What to do: ${printable(remedy)}`, columns, '      '),
    ...choices.flatMap((action) =>
      wrap(
        `      ${action.padEnd(longest)}  ${printable(consequences[action] ?? '')}`,
        columns,
        ' '.repeat(longest + 8),
      ),
    ),
    ...byItself(blocked, now).flatMap((line) => wrap(`    ${line}`, columns, '      ')),
    ...(looked === undefined ? [] : [`    Seen last: ${printable(looked)}`]),
    `    quorate decide ${summary.operation} ${choices.join('|')}${about(blocked)}`,
  ];
};
