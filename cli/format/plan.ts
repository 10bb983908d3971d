import type { PlanReport } from '../../model/plan-report.js';
import { printable } from './text.js';
import { phraseOf } from '../../model/operations.js';

const severities = {
  fatal: { mark: '✗', says: 'the operation would stop here' },
  approval: { mark: '!', says: 'the operation would wait for an approval' },
  warning: { mark: '-', says: 'the operation would go on' },
} as const;

const findingLines = ({ severity, code, message, remedy, evidence }: PlanReport['findings'][number]): string[] => [
  `  ${severities[severity].mark} ${code} (${severity}: ${severities[severity].says})`,
  `    ${printable(message)}`,
  ...evidence.map((line) => `    | ${printable(line)}`),
  `    What to do: ${printable(remedy)}`,
];

/** What an operation would find and do: the worst first, then the plan. @param command that would carry it out */
export const planText = (report: PlanReport, command: string): string => {
  const { kind, host, cluster, at, plan } = report;
  const findings = (['fatal', 'approval', 'warning'] as const).flatMap((severity) =>
    report.findings.filter((finding) => finding.severity === severity),
  );
  const stops = findings.some(({ severity }) => severity === 'fatal');
  return [
    `${phraseOf({ kind, host, cluster })}: as the hosts are at ${at}`,
    ...(findings.length === 0 ? ['No findings.'] : ['Findings:', ...findings.flatMap(findingLines)]),
    ...(stops
      ? ['No plan: what is fatal has to be mended first. Nothing was changed.']
      : [
          'Plan:',
          ...plan.map((line, index) => `  ${index + 1}. ${printable(line)}`),
          `Nothing was changed. Carry it out with: ${command}`,
        ]),
    '',
  ]
    .map(printable)
    .join('\n');
};
