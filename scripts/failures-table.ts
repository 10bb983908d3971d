// Plays the matrix of failures on simulated hosts and writes docs/failures.md; with --render it writes it from what was
// measured last. Arguments besides are vitest's, such as a file: then only the failures that they play are measured anew.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { format, resolveConfig } from 'prettier';
import { findFailureTests } from './failures/find-tests.js';
import { failures } from './failures/registry.js';
import { renderFailures } from './failures/render.js';
import { FailureResult, measuredFile, readMeasured } from './failures/results.js';
import type { Measured } from './failures/results.js';

const page = 'docs/failures.md';
const git = (...args: readonly string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();

const play = (args: readonly string[]): { readonly code: number; readonly results: FailureResult[] } => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-failures-'));
  const file = join(folder, 'verdicts.jsonl');
  try {
    const { status } = spawnSync(
      process.execPath,
      ['scripts/run-vitest.mjs', '--config', 'vitest.simulation.config.ts', '-t', 'F[0-9]+: ', ...args],
      { stdio: 'inherit', env: { ...process.env, QUORATE_VERDICTS: file } },
    );
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return { code: status ?? 1, results: lines.map((line) => FailureResult.parse(JSON.parse(line))) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Which of the failures were played takes the place of what was measured of them before. */
const merge = (before: Measured, results: readonly FailureResult[]): Measured => {
  const isAnew = ({ where, failure }: FailureResult): boolean =>
    results.some((one) => one.where === where && one.failure === failure);
  const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
  return {
    commit: `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`,
    on: new Date().toISOString().slice(0, 10),
    results: [...before.results.filter((one) => !isAnew(one)), ...results].sort(
      (a, b) => a.failure - b.failure || a.where.localeCompare(b.where) || a.test.localeCompare(b.test),
    ),
  };
};

const print = (results: readonly FailureResult[]): void => {
  const table = new Table({ head: ['', 'where', 'says', 'after', 'since'] });
  for (const { failure, where, verdicts, passed } of results) {
    const rows = verdicts.length === 0 ? [undefined] : verdicts;
    for (const verdict of rows)
      table.push([
        `F${failure}`,
        where,
        passed ? (verdict?.type ?? 'nothing fails') : 'THE TEST FAILED',
        verdict === undefined ? '' : `${verdict.seconds.toFixed(2)} s`,
        verdict?.since ?? '',
      ]);
  }
  console.log(table.toString());
};

const args = process.argv.slice(2);
const played = args.includes('--render') ? undefined : play(args);
const measured = played === undefined ? readMeasured() : merge(readMeasured(), played.results);
if (played !== undefined) {
  const options = await resolveConfig(measuredFile);
  writeFileSync(measuredFile, await format(JSON.stringify(measured), { ...options, filepath: measuredFile }));
}
writeFileSync(page, renderFailures(failures, measured, findFailureTests()));
print(played?.results ?? []);
console.log(`${page} written`);
process.exitCode = played?.code ?? 0;
