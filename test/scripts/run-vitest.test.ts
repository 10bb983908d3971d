import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { needs, part } from '../support/needs.js';

/** In the checkout, where test files find vitest. */
const parent = 'test-artefacts';
let folder: string;
beforeAll(() => {
  mkdirSync(parent, { recursive: true });
  folder = mkdtempSync(join(parent, 'run-vitest-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** This process is vitest as well: one that it starts must not take its settings for its own. */
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(VITEST|VITE_|TEST$|NODE_ENV$|QUORATE_)/.test(name)),
);

let runs = 0;
/** Runs one test file of that text, and answers the last lines. */
const run = (
  text: string,
  { environment = {}, args = [] }: { environment?: Record<string, string>; args?: readonly string[] } = {},
): { readonly code: number | null; readonly lines: readonly string[] } => {
  const name = `run-${(runs += 1)}`;
  const config = join(folder, `${name}.config.mjs`);
  writeFileSync(config, `export default { test: { include: ['${folder}/${name}.test.mjs'] } };\n`);
  writeFileSync(join(folder, `${name}.test.mjs`), `import { describe, expect, test } from 'vitest';\n${text}`);
  const { status, stdout } = spawnSync(process.execPath, ['scripts/run-vitest.mjs', '--config', config, ...args], {
    encoding: 'utf8',
    env: { ...inherited, ...environment },
  });
  return { code: status, lines: stdout.trimEnd().split('\n').slice(-2) };
};

const one = "test('one', () => {});\n";
const lacking = (what: string): string =>
  `test('without', ${JSON.stringify(needs(part(what, false, 'buy one')))}, () => {});\n`;

test('closes with what passed', () => {
  const { code, lines } = run(one);
  expect(code).toBe(0);
  expect(lines.at(-1)).toBe('1 passed, 0 failed');
  expect(lines.join('\n')).not.toContain('skipped');
});

test('counts a failed test, and a file that does not load', () => {
  expect(run(`${one}test('two', () => expect(1).toBe(2));\n`)).toMatchObject({
    code: 1,
    lines: [expect.anything(), '1 passed, 1 failed'],
  });
  expect(run('syntax error')).toMatchObject({ code: 1, lines: [expect.anything(), '0 passed, 1 failed'] });
});

const skipping = `${one}${lacking('wine')}describe('some', ${JSON.stringify(needs(part('wine', false, 'buy one')))}, () => {
  test('a', () => {});
});
test.skip('for no reason', () => {});
`;

test('a skip says what is missing and how to get it, in one line', () => {
  expect(run(skipping)).toEqual({
    code: 0,
    lines: ['skipped: 2 without wine (buy one), 1 as the test says', '1 passed, 0 failed, 3 skipped'],
  });
});

test('with QUORATE_NO_SKIPS=1 a skip fails the run', () => {
  expect(run(skipping, { environment: { QUORATE_NO_SKIPS: '1' } })).toEqual({
    code: 1,
    lines: [
      'skipped: 2 without wine (buy one), 1 as the test says; QUORATE_NO_SKIPS=1 lets none pass',
      '1 passed, 3 failed, 3 skipped',
    ],
  });
});

test('tests that a name leaves out are not missed', () => {
  const { code, lines } = run(`${one}test('two', () => {});\n`, {
    environment: { QUORATE_NO_SKIPS: '1' },
    args: ['-t', 'one'],
  });
  expect({ code, last: lines.at(-1) }).toEqual({ code: 0, last: '1 passed, 0 failed, 1 skipped' });
});
