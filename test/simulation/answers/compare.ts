import type { Answer } from './normalise.js';

/** A difference that is none: lines that are left out on both sides, or that count once however often they are there. */
export interface Allowed {
  /** Whose answers; default all. */
  readonly sender?: RegExp;
  readonly section?: string;
  readonly line: RegExp;
  readonly countsOnce?: true;
  readonly because: string;
}

const keyOf = ({ section, host, sender }: Answer): string => `${section}: ${host}: ${sender}`;

const textOf = ({ end, out, err }: Answer): string => [end, ...out, ...err.map((line) => `stderr: ${line}`)].join('\n');

/** An answer without the lines that may differ. */
const withoutAllowed = (answer: Answer, allowed: readonly Allowed[]): Answer => {
  const rules = allowed.filter(
    ({ sender, section }) =>
      (sender === undefined || sender.test(answer.sender)) && (section === undefined || section === answer.section),
  );
  const kept = (lines: readonly string[]): string[] =>
    lines.filter((line, at) =>
      rules.every((rule) => !rule.line.test(line) || (rule.countsOnce === true && lines.indexOf(line) === at)),
    );
  return { ...answer, out: kept(answer.out), err: kept(answer.err) };
};

/** What is compared of answers: without what may differ, and without what says the same as the one before it. */
export const comparable = (answers: readonly Answer[], allowed: readonly Allowed[]): Answer[] => {
  const last = new Map<string, string>();
  return answers
    .map((answer) => withoutAllowed(answer, allowed))
    .filter((answer) => {
      const [key, text] = [keyOf(answer), `${answer.command} ${textOf(answer)}`];
      const isNew = last.get(key) !== text;
      last.set(key, text);
      return isNew;
    });
};

/** What each sender got from each host in each part: answers that say the same as the one before count once. */
const group = (answers: readonly Answer[], allowed: readonly Allowed[]): Map<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const answer of answers) {
    const text = textOf(withoutAllowed(answer, allowed));
    const known = groups.get(keyOf(answer)) ?? [];
    groups.set(keyOf(answer), known);
    if (known.at(-1) !== text) known.push(text);
  }
  return groups;
};

/** Lines of each that the other has not, in order, by the longest common subsequence. */
const lineDifferences = (real: readonly string[], simulated: readonly string[]): string[] => {
  const width = simulated.length + 1;
  const longest = new Uint32Array((real.length + 1) * width);
  const at = (row: number, column: number): number => longest[row * width + column] ?? 0;
  for (let row = real.length - 1; row >= 0; row -= 1)
    for (let column = simulated.length - 1; column >= 0; column -= 1)
      longest[row * width + column] =
        real[row] === simulated[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
  const result: string[] = [];
  let [row, column] = [0, 0];
  while (row < real.length || column < simulated.length) {
    if (row < real.length && column < simulated.length && real[row] === simulated[column]) {
      row += 1;
      column += 1;
    } else if (column >= simulated.length || (row < real.length && at(row + 1, column) >= at(row, column + 1)))
      result.push(`  real      ${real[row++] ?? ''}`);
    else result.push(`  simulated ${simulated[column++] ?? ''}`);
  }
  return result;
};

/** What simulated hosts answer otherwise than real ones, one entry for each command, readable as it is. */
export const differences = (
  real: readonly Answer[],
  simulated: readonly Answer[],
  allowed: readonly Allowed[],
): string[] => {
  const [expected, found] = [group(real, allowed), group(simulated, allowed)];
  const result: string[] = [];
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const [wanted, got] = [expected.get(key), found.get(key)];
    // The product may have come to ask less; that it gave up early is seen by how the activity ended.
    if (got === undefined) continue;
    if (wanted === undefined) {
      result.push(`${key}\n  was never asked of real hosts`);
      continue;
    }
    for (let place = 0; place < Math.max(wanted.length, got.length); place += 1) {
      const [one, other] = [wanted[place], got[place]];
      if (one === other) continue;
      const which = wanted.length === 1 && got.length === 1 ? '' : ` (answer ${place + 1} of ${wanted.length})`;
      result.push([`${key}${which}`, ...lineDifferences(one?.split('\n') ?? [], other?.split('\n') ?? [])].join('\n'));
    }
  }
  return result;
};
