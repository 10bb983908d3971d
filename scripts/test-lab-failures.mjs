// Every failure that the lab can have, on its real hosts; what came of it is kept in docs/lab-failures.md.
// Arguments are vitest's: a run of a part of them (`-t F22`) keeps nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const given = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'quorate-lab-failures-'));
const report = join(folder, 'report.json');
const started = Date.now();
const { status } = spawnSync(
  process.execPath,
  ['scripts/run-vitest.mjs', '--config', 'vitest.lab.config.ts', 'test/lab/60-failures.lab.ts', ...given],
  { stdio: 'inherit', env: { ...process.env, QUORATE_LAB_FAILURES: 'all', QUORATE_VITEST_REPORT: report } },
);
const git = (...args) => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';

const write = () => {
  const tests = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(
    ({ assertionResults }) => assertionResults,
  );
  const number = ({ title }) => Number(/^F(\d+)/.exec(title)?.[1]);
  const rows = tests
    .toSorted((a, b) => number(a) - number(b))
    .map(({ title, status: result, meta, duration = 0 }) => {
      const [, name, what] = /^(F\d+): (.*)$/.exec(title) ?? [undefined, '', title];
      const { verdict = '', verdictSeconds = '' } = meta;
      return `| ${name} | ${what} | ${result} | ${verdict} | ${verdictSeconds} | ${Math.round(duration / 1000)} |`;
    });
  const passed = tests.filter(({ status: result }) => result === 'passed').length;
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes not committed';
  writeFileSync(
    'docs/lab-failures.md',
    `# Failures in the lab

Written by \`npm run test:lab:failures\`: ${passed} of ${tests.length} passed, on ${new Date().toISOString().slice(0, 10)}, at commit ${git('rev-parse', '--short', 'HEAD')}${changed}, in ${Math.round((Date.now() - started) / 60_000)} minutes.

Real Debian hosts with Kubernetes v1.37.1 ([lab.md](lab.md)). The first answer is what the operation says first when it is
asked for: refused before any change, blocked until somebody decides, or finished; seconds are from the question to it, and
those of the whole scenario with its remedy and the preparation of its hosts.

| number | failure | result | first answer | after s | in all s |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`,
  );
  spawnSync(process.execPath, ['node_modules/prettier/bin/prettier.cjs', '--write', 'docs/lab-failures.md']);
  console.log('docs/lab-failures.md is written anew.');
};

try {
  if (given.length === 0) write();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status ?? 1);
