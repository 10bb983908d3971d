// Plays the matrix of failures and the findings on simulated hosts, or with --lab on those of the lab, and writes
// docs/failures.md; with --render it writes it from what was measured last. Arguments besides are vitest's, such as a file
// or -t 'F26: ': only what they play is measured anew.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { format, resolveConfig } from 'prettier';
import { findFailureTests } from './failures/find-tests.js';
import { findingLists } from './failures/findings.js';
import { compareNumbers, testNamePattern } from './failures/numbers.js';
import { failures } from './failures/registry.js';
import { renderFailures } from './failures/render.js';
import { FailureResult, measuredFile, readMeasured } from './failures/results.js';
import type { Measured } from './failures/results.js';

const page = 'docs/failures.md';
/** The matrix, then the findings. */
const prefixes = ['F', ...findingLists.map(({ prefix }) => prefix)];
const git = (...args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();

/** What vitest is told for each kind of hosts. */
const places = {
  simulation: { args: ['--config', 'vitest.simulation.config.ts'], environment: {} },
  lab: {
    args: ['--config', 'vitest.lab.config.ts', 'test/lab/60-failures.lab.ts'],
    // Not only those that every run of the lab's tests has.
    environment: { QUORATE_LAB_FAILURES: 'all' },
  },
};

const play = (
  args: readonly string[],
  place: (typeof places)['lab' | 'simulation'],
): { readonly code: number; readonly results: FailureResult[] } => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-failures-'));
  const file = join(folder, 'verdicts.jsonl');
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        'scripts/run-vitest.mjs',
        ...place.args,
        ...(args.includes('-t') ? [] : ['-t', testNamePattern(prefixes)]),
        ...args,
      ],
      { stdio: 'inherit', env: { ...process.env, ...place.environment, QUORATE_VERDICTS: file } },
    );
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return { code: status ?? 1, results: lines.map((line) => FailureResult.parse(JSON.parse(line))) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const byNumber = compareNumbers(prefixes);

/** Which of the failures were played takes the place of what was measured of them before. */
const merge = (before: Measured, results: readonly FailureResult[]): Measured => {
  const isAnew = ({ where, failure }: FailureResult): boolean =>
    results.some((one) => one.where === where && one.failure === failure);
  const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
  const commit = `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`;
  const on = new Date().toISOString().slice(0, 10);
  return [...before.filter((one) => !isAnew(one)), ...results.map((one) => ({ ...one, commit, on }))].sort(
    (a, b) => byNumber(a.failure, b.failure) || a.where.localeCompare(b.where) || a.test.localeCompare(b.test),
  );
};

const print = (results: readonly FailureResult[]): void => {
  const table = new Table({ head: ['', 'where', 'says', 'after', 'since'] });
  for (const { failure, where, verdicts, passed } of results) {
    const rows = verdicts.length === 0 ? [undefined] : verdicts;
    for (const verdict of rows)
      table.push([
        failure,
        where,
        passed ? (verdict?.type ?? 'nothing fails') : 'THE TEST FAILED',
        verdict === undefined ? '' : `${verdict.seconds.toFixed(2)} s`,
        verdict?.since ?? '',
      ]);
  }
  console.log(table.toString());
};

const args = process.argv.slice(2).filter((arg) => arg !== '--lab');
const played = args.includes('--render')
  ? undefined
  : play(args, process.argv.includes('--lab') ? places.lab : places.simulation);
const measured = played === undefined ? readMeasured() : merge(readMeasured(), played.results);
if (played !== undefined) {
  const options = await resolveConfig(measuredFile);
  writeFileSync(measuredFile, await format(JSON.stringify(measured), { ...options, filepath: measuredFile }));
}
writeFileSync(page, renderFailures({ failures, findingLists, measured, tests: findFailureTests() }));
print(played?.results ?? []);
console.log(`${page} written`);
process.exitCode = played?.code ?? 0;
