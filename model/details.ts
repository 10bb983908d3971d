import { badge, bold, code, codeBlock, list, numbered, table, text } from './markdown.js';
import { placeholders } from './messages.js';
import { phraseOf } from './operations.js';
import type { Blocked, OperationOutcome, OperationProgress, StepProgress } from './progress.js';

const instant = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;

/**
 * Times within one page: with the day where it is another one than that of the time before.
 * @param shown a time that stands on the page already
 */
export const clockFrom = (shown = ''): ((iso: string) => string) => {
  let day = shown.slice(0, 10);
  return (iso) => {
    const isSameDay = iso.slice(0, 10) === day;
    day = iso.slice(0, 10);
    return isSameDay ? iso.slice(11, 19) : instant(iso);
  };
};

const span = (ms: number): string => (ms < 60_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);

const outcomes: Record<OperationOutcome, string> = {
  finished: 'Finished',
  failed: 'Failed',
  cancelled: 'Cancelled',
  'rolled-back': 'Rolled back',
  aborted: 'Aborted',
  terminated: 'Terminated',
};

const isRunning = ({ state }: StepProgress): boolean => state === 'running' || state === 'undoing';
const isActive = ({ state }: StepProgress): boolean => ['running', 'undoing', 'blocked', 'failed'].includes(state);

const stepTable = ({ steps, blocked, plan, outcome }: OperationProgress): string => {
  const clock = clockFrom(blocked?.since ?? steps.find(isRunning)?.since);
  const next = outcome === undefined ? steps.find(({ state }) => state === 'pending') : undefined;
  const later = outcome === undefined ? 'then' : 'not begun';
  const noteOf = ({ id, note = '' }: StepProgress): string => {
    if (blocked?.step === id && note === blocked.message) return '';
    return plan.length > 0 && note !== '' && plan.join('; ').startsWith(note) ? 'the plan is below' : note;
  };
  return table(
    ['state', 'step'],
    steps.map((step) => {
      const state = step.state === 'pending' ? (step === next ? 'next' : later) : step.state;
      const goesOn = ['running', 'undoing', 'blocked'].includes(step.state);
      const limit = step.state === 'running' && step.budgetMs !== undefined ? `, at most ${span(step.budgetMs)}` : '';
      const when = step.since === undefined ? '' : goesOn ? `, since ${clock(step.since)}` : ` (${clock(step.since)})`;
      const note = noteOf(step);
      return [
        badge(state),
        `${isActive(step) ? bold(step.title) : text(step.title)}${when}${limit}${note === '' ? '' : `: ${text(note)}`}`,
      ];
    }),
  );
};

/** One line for each choice, as the update `decide` takes it. */
const updates = ({ choices, question }: Blocked): string[] => {
  const about = question === undefined ? '' : `"about": ${question}, `;
  return choices.map(
    (action) => `{"action": "${action}", ${about}"by": "${placeholders.by}", "reason": "${placeholders.reason}"}`,
  );
};

const conditions = ({ choices, watching, expiresAt, notBy }: Blocked): string[] => [
  ...(watching === undefined
    ? []
    : [`Quorate looks by itself ${text(watching)}, and goes on (as ${code('retry')}) when that is so.`]),
  ...(expiresAt === undefined
    ? []
    : [`The request ends by itself at **${instant(expiresAt)}**: then it counts as ${code('abort')}.`]),
  ...(notBy === undefined || !choices.includes('approve')
    ? []
    : [`${bold(notBy)} asked for it and may not approve it: another person has to.`]),
];

const blockedSections = (progress: OperationProgress, blocked: Blocked): string[] => {
  const title = progress.steps.find(({ id }) => id === blocked.step)?.title ?? blocked.step;
  const [first = 'retry'] = blocked.choices;
  const about = blocked.question === undefined ? '' : ` --about ${blocked.question}`;
  return [
    `## Blocked: ${blocked.type}`,
    `${phraseOf(progress)} waits since **${instant(blocked.since)}** at "${text(title)}":`,
    bold(blocked.message),
    ...(blocked.evidence.length === 0
      ? []
      : [blocked.type === 'PlanNeedsApproval' ? 'The plan:' : 'What was seen:', list(blocked.evidence.map(code))]),
    '### What to do',
    text(`${blocked.remedy.replace(/\.$/, '')}. Runbook: ${blocked.type}.`),
    table(
      ['choice', 'what it does'],
      blocked.choices.map((action) => [badge(action), text(blocked.consequences[action] ?? '')]),
    ),
    ...conditions(blocked),
    '### How to decide',
    'Copy one of these lines. Then **More Actions**, **Send an Update**: choose `decide`, paste the line as Data, put in who you are and why, Submit.',
    codeBlock(updates(blocked)),
    'On a command line:',
    codeBlock([`quorate decide ${progress.operation} ${first}${about}`]),
  ];
};

const runningSections = (progress: OperationProgress): string[] => {
  const { steps, lastLine } = progress;
  const running = steps.find(isRunning);
  const since = running?.since === undefined ? '' : `, since ${instant(running.since)}`;
  return [
    `## ${phraseOf(progress)}`,
    ...(running === undefined
      ? []
      : [`${running.state === 'running' ? 'Now' : 'Undoing'}: ${bold(running.title)}${since}`]),
    ...(lastLine === undefined ? [] : [`The host printed last: ${code(lastLine)}`]),
  ];
};

/** The page of an operation in the Temporal UI, in Markdown; everything that a person needs to decide stands on it. */
export const renderDetails = (progress: OperationProgress): string => {
  const { blocked, outcome, plan, decisions } = progress;
  const clock = clockFrom();
  const isAsked = blocked?.type === 'PlanNeedsApproval';
  const top =
    outcome !== undefined
      ? [`## ${outcomes[outcome]}: ${phraseOf(progress)}`, bold(progress.summary ?? '')]
      : blocked === undefined
        ? runningSections(progress)
        : blockedSections(progress, blocked);
  return [
    ...top,
    '### Steps',
    stepTable(progress),
    ...(plan.length === 0 || isAsked ? [] : ['### Plan', numbered(plan.map(text))]),
    ...(decisions.length === 0
      ? []
      : [
          '### Decisions',
          list(
            decisions.map(
              ({ action, by, at, reason }) =>
                `${code(action)} by ${bold(by)}, ${clock(at)}${reason === '' ? '' : `: ${text(reason)}`}`,
            ),
          ),
        ]),
    `Asked for by ${text(progress.by)}. Operation ${code(progress.operation)}. Times are UTC.`,
  ]
    .filter((section) => section !== '')
    .join('\n\n');
};
