import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardedChange, mutations as catalogue } from './catalogue.js';
import { chosenOf } from '../support/chosen.js';
import { makeCopy } from './support/copy.js';
import type { Copy } from './support/copy.js';
import { runTests } from './support/run-tests.js';
import type { NamedTests, TestResult } from './support/run-tests.js';

/** All of them take a quarter of an hour; with `QUORATE_MUTATIONS=18` that many of today. */
const mutations = chosenOf(catalogue, process.env['QUORATE_MUTATIONS'], new Date());
if (mutations.length < catalogue.length)
  console.log(`${mutations.length} of ${catalogue.length} mutations chosen today`);

let copy: Copy;
beforeAll(() => {
  copy = makeCopy();
});
afterAll(() => copy.remove());

const together = (all: readonly NamedTests[]): NamedTests => {
  const names = new Map<string, Set<string>>();
  for (const [file, some] of all.flatMap((tests) => Object.entries(tests)))
    names.set(file, new Set([...(names.get(file) ?? []), ...some]));
  return Object.fromEntries([...names].map(([file, some]) => [file, [...some]]));
};

/** A test that fails as the edit made no program of it, or because the machine is slow, has noticed nothing. */
const otherwise =
  /ReferenceError|SyntaxError|is not a function|Cannot find (module|package)|Transform failed|timed out in \d+ ?ms/;

const failuresOf = (results: readonly TestResult[]): string[] =>
  results.flatMap(({ test: name, passed, messages }) => (passed ? [] : [name, ...messages]));

test('the named tests pass while the product is as it is', async () => {
  expect(failuresOf(await runTests(copy.folder, together(mutations.map(({ tests }) => tests))))).toEqual([]);
});

test('a change of workflow code that docs/versioning.md tells how to guard replays', async () => {
  const { edits, tests } = guardedChange;
  expect(failuresOf(await copy.edited(edits, () => runTests(copy.folder, tests)))).toEqual([]);
});

test('an edit whose text is not there, or there twice, is an error', async () => {
  const never = () => Promise.reject(new Error('the tests were run'));
  for (const replace of ['no such text', 'registered'])
    await expect(copy.edited([{ file: 'workflows/saga.ts', replace, by: '' }], never)).rejects.toThrow(
      /workflows\/saga\.ts has this text [02-9] times, not once/,
    );
});

describe('broken on purpose, the suite notices', () => {
  test.for(mutations.map((mutation) => [mutation.title, mutation] as const))('%s', async ([, mutation]) => {
    const { edits, tests, says } = mutation;
    const results = await copy.edited(edits, () => runTests(copy.folder, tests));
    expect(
      results.filter(({ passed }) => passed).map(({ test: name }) => name),
      'passed although the product is broken',
    ).toEqual([]);
    for (const { messages } of results) {
      expect(messages.join('\n')).not.toMatch(otherwise);
      if (says !== undefined) expect(messages.join('\n')).toMatch(says);
    }
  });
});
