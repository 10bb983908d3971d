import type { FailureTests } from './find-tests.js';
import type { FindingList } from './findings.js';
import type { FailureNumber } from './numbers.js';
import type { Failure } from './registry.js';
import type { FailureResult, Measured, Verdict } from './results.js';

/** The longest that a verdict may take once its evidence exists, seconds. */
export const longestVerdictSeconds = 10;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const seconds = (number: number): string => `${number < 10 ? number.toFixed(1) : Math.round(number)} s`;

/** A message as in the table: what is another each time is cut. */
const words = (message: string): string =>
  message
    .replaceAll(/\b(sha256:[0-9a-f]{8})[0-9a-f]+/g, '$1…')
    .replaceAll(/\b[0-9a-f]{32}\b/g, '…')
    .replaceAll(/\(id [0-9a-f]{8,}\)/g, '(id …)')
    .replaceAll(/\b(learner|unit|pid) [0-9a-f]{6,}\b/g, '$1 …')
    .replaceAll(/\bpid \d+/g, 'pid …')
    .replaceAll(/_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '_…')
    .replaceAll(/\bsim-[0-9a-f]+\b/g, 'prod');

const resultsOf = (
  measured: Measured,
  number: FailureNumber,
  where: FailureResult['where'],
): readonly FailureResult[] => measured.filter((one) => one.failure === number && one.where === where);

/** Before anything is made, then in its course. */
const order: Readonly<Record<Verdict['since'], number>> = { start: 0, fault: 1, kubeadm: 2 };

/** What was said, each once: of the same in two tests the slower counts. */
const verdictsOf = (results: readonly FailureResult[]): readonly Verdict[] => {
  const found = new Map<string, Verdict>();
  for (const verdict of results.flatMap(({ verdicts }) => verdicts)) {
    const key = `${verdict.type} ${words(verdict.message)}`;
    const known = found.get(key);
    if (known === undefined || verdict.seconds > known.seconds) found.set(key, verdict);
  }
  return [...found.values()].sort((a, b) => order[a.since] - order[b.since]);
};

const verdictLines = (results: readonly FailureResult[]): readonly string[] =>
  verdictsOf(results).map(({ type, message }) => `\`${type}\`: ${cell(words(message))}`);

const said = (failure: Failure, results: readonly FailureResult[]): string => {
  const lines = verdictLines(results);
  const { prevented } = failure;
  if (prevented === undefined) return lines.join('<br>');
  const step = prevented.step;
  const note = results.flatMap(({ notes }) => (step === undefined ? [] : (notes[step] ?? [])))[0];
  return [`nothing fails: ${prevented.how}`, ...(note === undefined ? [] : [`“${cell(words(note))}”`]), ...lines].join(
    '<br>',
  );
};

const after: Readonly<Record<Verdict['since'], string>> = {
  start: '',
  fault: ' after the fault',
  kubeadm: ' after kubeadm gave up',
};

const figures = (results: readonly FailureResult[]): string =>
  verdictsOf(results)
    .map((one) => `${seconds(one.seconds)}${after[one.since]}`)
    .join('<br>');

const whereTested = (number: FailureNumber, places: readonly (keyof FailureTests)[], tests: FailureTests): string =>
  places.filter((place) => tests[place].has(number)).join(', ');

/** `on DATE at commit COMMIT`, for each of them. */
const whenMeasured = (measured: Measured): string =>
  [...new Set(measured.map(({ on, commit }) => `on ${on} at commit ${commit}`))].join(', ');

/** How the last runs in the lab went. */
const inTheLab = (measured: Measured): string => {
  const results = measured.filter(({ where }) => where === 'lab');
  if (results.length === 0) return '';
  const passed = results.filter((one) => one.passed);
  const failed = results.filter((one) => !one.passed).map(({ test }) => test.replace(/: .*/, ''));
  return ` \`npm run test:lab:failures\` plays on the real hosts of the [lab](lab.md) what they can have, and writes it too: ${passed.length} of ${results.length} passed${failed.length === 0 ? '' : ` (not ${failed.join(', ')})`}, ${whenMeasured(results)}.`;
};

/** What the page is made of. */
export interface FailuresPage {
  readonly failures: readonly Failure[];
  readonly findingLists: readonly FindingList[];
  readonly measured: Measured;
  readonly tests: FailureTests;
}

/** A heading, what the list is, and its table: what was said and how fast where a scenario tells. */
const renderFindings = (list: FindingList, { measured, tests }: FailuresPage): string => {
  const rows = list.findings.map(({ number, fault, now }) => {
    const id = `${list.prefix}${number}`;
    const simulated = resultsOf(measured, id, 'simulation');
    const columns = [
      id,
      cell(fault),
      cell(now),
      verdictLines(simulated).join('<br>') || '–',
      figures(simulated) || '–',
      whereTested(id, ['simulation', 'lab', 'unit test'], tests),
    ];
    return `| ${columns.join(' | ')} |`;
  });
  return `## ${list.heading}

${list.introduction}

| | what went wrong | what holds now | Quorate says | after | tested in |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
};

/** docs/failures.md. */
export const renderFailures = (page: FailuresPage): string => {
  const { failures, findingLists, measured, tests } = page;
  const tested = failures.filter(({ number }) => tests.simulation.has(`F${number}`));
  const both = tested.filter(({ number }) => tests.lab.has(`F${number}`)).length;
  const hasLab = measured.some(({ where }) => where === 'lab');
  const rows = failures.map((failure) => {
    const id = `F${failure.number}`;
    const simulated = resultsOf(measured, id, 'simulation');
    const inLab = resultsOf(measured, id, 'lab');
    const columns = [
      id,
      cell(failure.title),
      cell(failure.kubeadm),
      said(failure, simulated),
      figures(simulated) || '–',
      ...(hasLab ? [figures(inLab) || '–'] : []),
      cell(failure.next),
      whereTested(id, ['simulation', 'lab'], tests),
    ];
    return `| ${columns.join(' | ')} |`;
  });
  const waits = failures.filter(({ waits: reason }) => reason !== undefined);
  return `# What fails, and what is said of it

The failures that joining hosts to a kubeadm cluster meets, each with a test that brings it about on purpose: what kubeadm alone says and when, what Quorate says and after how long, and what happens next. The types are explained, with what may be decided, in the [runbook](runbook.md).

This page is generated: \`npm run docs:failures\` plays all of them on [simulated hosts](lab.md) and writes it (\`-- --render\` only writes it). Measured ${whenMeasured(measured.filter(({ where }) => where === 'simulation'))}; ${tested.length} of ${failures.length} have a test in simulation, ${both} of them one in the lab as well.${inTheLab(measured)}

## The table

The time is from the moment when the evidence exists: the operation begins, the fault comes, or kubeadm gives up. On simulated hosts it is at most ${longestVerdictSeconds} s. Their commands take 0.03 of the time that they take on an ordinary host, connections and the orchestration take what they take.

| | failure | kubeadm alone | Quorate says | after | ${hasLab ? 'in the lab | ' : ''}what happens next | tested in |
| --- | --- | --- | --- | --- | --- | --- |${hasLab ? ' --- |' : ''}
${rows.join('\n')}

## Where nobody can tell earlier

Some evidence comes only when a wait is over. The time of these is counted from its end.

${waits.map(({ number, waits: reason = '' }) => `- F${number}: ${reason}.`).join('\n')}

What a budget of the specification bounds is told when the first try fails, and asked about when the budget is used up: \`policy.budgets.unreachable\` for what does not answer, \`policy.budgets.ready\` for what is not ready yet.

${findingLists.map((list) => renderFindings(list, page)).join('\n')}`;
};
