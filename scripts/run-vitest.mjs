// Runs vitest and closes with one plain line "N passed, N failed" that any CI can read.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
child.on('close', (code) => {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  let broken = 0;
  try {
    const summary = JSON.parse(readFileSync(report, 'utf8'));
    passed = summary.numPassedTests;
    failed = summary.numFailedTests;
    skipped = summary.numPendingTests + summary.numTodoTests;
    // A file that fails to load has no tests of its own but is a failure all the same.
    broken = summary.testResults.filter((r) => r.status === 'failed' && r.assertionResults.length === 0).length;
  } catch {
    broken = 1;
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`${passed} passed, ${failed + broken} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exit(code === 0 && failed + broken === 0 && passed > 0 ? 0 : 1);
});
