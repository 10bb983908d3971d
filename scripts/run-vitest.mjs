// Runs vitest and closes with one plain line "N passed, N failed" that any CI can read. A line before it tells what was
// skipped, and how to get what it needs; with QUORATE_NO_SKIPS=1, as CI sets it, each skipped test counts as failed.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const noSkips = process.env['QUORATE_NO_SKIPS'] === '1';

const folder = mkdtempSync(join(tmpdir(), 'quorate-vitest-'));
const report = join(folder, 'report.json');
const child = spawn(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...process.argv.slice(2),
    '--reporter=verbose',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

/** `12 without haproxy (how to get it), 1 as the test says`: how many tests, by what they lack; test/support/needs.ts says it. */
const reasonsOf = (tests) => {
  const counts = new Map();
  for (const { meta } of tests) {
    const reason = meta?.lacks === undefined ? 'as the test says' : `without ${meta.lacks}`;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
};

/** In the words of the report. */
const isSkipped = ({ status }) => ['skipped', 'pending', 'todo', 'disabled'].includes(status);

child.on('close', (code) => {
  let passed = 0;
  let failed = 0;
  let broken = 0;
  let skipped = [];
  try {
    const summary = JSON.parse(readFileSync(report, 'utf8'));
    passed = summary.numPassedTests;
    failed = summary.numFailedTests;
    skipped = summary.testResults.flatMap(({ assertionResults }) => assertionResults.filter(isSkipped));
    // A file that fails to load has no tests of its own but is a failure all the same.
    broken = summary.testResults.filter((r) => r.status === 'failed' && r.assertionResults.length === 0).length;
  } catch {
    broken = 1;
  }
  rmSync(folder, { recursive: true, force: true });
  // Whoever asks for some tests by their names leaves the others out.
  const isAsked = process.argv.some((arg) => arg === '-t' || arg.startsWith('--testNamePattern'));
  const refused = noSkips && !isAsked ? skipped.length : 0;
  if (skipped.length > 0 && !isAsked)
    console.log(`skipped: ${reasonsOf(skipped)}${refused > 0 ? '; QUORATE_NO_SKIPS=1 lets none pass' : ''}`);
  const wrong = failed + broken + refused;
  console.log(`${passed} passed, ${wrong} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
  process.exit(code === 0 && wrong === 0 && passed > 0 ? 0 : 1);
});
