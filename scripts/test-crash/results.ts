// What a run came to, for the terminal and for docs/simulation-results.md.
import { caseLabel } from './run-case.js';
import type { CaseResult, SuiteResult } from './suite.js';

const kinds = ['worker', 'temporal', 'lost-before', 'lost-after', 'power-cut', 'reboot'] as const;

const headings = {
  worker: 'SIGKILL of the worker',
  temporal: 'SIGKILL of the Temporal server',
  'lost-before': 'connection lost before the command',
  'lost-after': 'connection lost after the command',
  'power-cut': 'power cut',
  reboot: 'reboot',
} as const;

const isBroken = ({ violations }: CaseResult): boolean => violations.length > 0;

export interface Summary {
  /** One line. */
  readonly text: string;
  /** Every case that is not as it should be, with what is wrong. */
  readonly wrong: readonly string[];
}

export const summaryOf = ({ results, boundaries, ms }: SuiteResult): Summary => {
  const drawn = results.filter(({ isRandom }) => isRandom).length;
  const broken = results.filter(isBroken);
  const missed = results.filter((one) => one.missed);
  return {
    text:
      `${results.length - drawn} of ${boundaries} crashes at boundaries and ${drawn} at random moments: ` +
      `${broken.length} cases with violations, ${missed.length} missed; ${(ms / 1000).toFixed(0)} s, ${(ms / 1000 / Math.max(1, results.length)).toFixed(1)} s each`,
    wrong: [
      ...broken.flatMap((one) => [`violated: ${caseLabel(one.case)}`, ...one.violations.map((line) => `  ${line}`)]),
      // At a random moment an activity may have ended already; a boundary always comes.
      ...missed.filter(({ isRandom }) => !isRandom).map((one) => `missed: ${caseLabel(one.case)}`),
    ],
  };
};

const cell = (results: readonly CaseResult[]): string => {
  const broken = results.filter(isBroken).length;
  return `${results.length}${broken === 0 ? '' : ` (${broken} violated)`}`;
};

/** What operators had to do, by what they were asked for, most frequent first. */
const decisions = (results: readonly CaseResult[]): string[] => {
  const counts = new Map<string, number>();
  for (const { decided } of results)
    for (const decision of decided) {
      const what = decision.replace(/:.*/s, '');
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
  return [...counts].sort(([, a], [, b]) => b - a).map(([what, count]) => `| ${what} | ${count} |`);
};

/** The section of docs/simulation-results.md, line by line. */
export const sectionOf = (
  result: SuiteResult,
  { commit, seed, date }: { commit: string; seed: number; date: string },
): string[] => {
  const { results, recorded } = result;
  const { text, wrong } = summaryOf(result);
  const rows = [...recorded].map(([scenario, activities]) => {
    const own = results.filter((one) => one.case.scenario === scenario);
    const at = (kind: string) => own.filter((one) => !one.isRandom && one.case.crash.kind === kind);
    const cells = [...kinds.map((kind) => cell(at(kind))), cell(own.filter(({ isRandom }) => isRandom))];
    return `| ${scenario.name} | ${activities.length} | ${cells.join(' | ')} |`;
  });
  const byItself = results.filter(({ decided }) => decided.length === 0).length;
  const asked = decisions(results);
  return [
    `\`npm run test:crash -- --all --seed ${seed}\`, commit ${commit}, ${date}: ${text}.`,
    '',
    'Each number is a number of cases. Of each activity its start and its end (done, but not reported yet) are crossed',
    'with each crash, power cuts and reboots with each host that it works on, and its first and its last command with a',
    'lost connection.',
    '',
    `| operation | activities | ${kinds.map((kind) => headings[kind]).join(' | ')} | any of them, at a random moment |`,
    `| --- | ${[...kinds, '', ''].map(() => '---').join(' | ')} |`,
    ...rows,
    '',
    `${byItself} of ${results.length} cases went on by themselves.${asked.length === 0 ? '' : ' In the others an operator decided or asked again:'}`,
    '',
    ...(asked.length === 0 ? [] : ['| decision | times |', '| --- | --- |', ...asked, '']),
    ...(wrong.length === 0 ? ['No violation.'] : ['```', ...wrong, '```']),
  ];
};
