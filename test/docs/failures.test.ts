import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findFailureTests } from '../../scripts/failures/find-tests.js';
import { findingLists } from '../../scripts/failures/findings.js';
import { compareNumbers } from '../../scripts/failures/numbers.js';
import { failures } from '../../scripts/failures/registry.js';
import { longestVerdictSeconds, renderFailures } from '../../scripts/failures/render.js';
import { readMeasured } from '../../scripts/failures/results.js';
import { isFailureType } from '../../model/failures/failure.js';

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const measured = readMeasured();
const tests = findFailureTests();
const inOrder = compareNumbers(['F', ...findingLists.map(({ prefix }) => prefix)]);

describe('docs/failures.md', () => {
  test('has each failure of the matrix, once', () => {
    expect(failures.map(({ number }) => number)).toEqual(upTo(35));
  });

  test('each failure has a test in simulation that bears its number', () => {
    const found = [...tests.simulation].filter((number) => number.startsWith('F'));
    expect(found.toSorted(inOrder)).toEqual(upTo(35).map((number) => `F${number}`));
  });

  test.each(failures)('F$number was measured: named in time, or nothing fails', ({ number, prevented }) => {
    const results = measured.filter((one) => one.failure === `F${number}` && one.where === 'simulation');
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    const verdicts = results.flatMap((one) => one.verdicts);
    if (prevented === undefined) expect(verdicts).not.toEqual([]);
    else expect(results).not.toEqual([]);
    for (const { type, seconds } of verdicts) {
      expect(isFailureType(type), type).toBe(true);
      expect(seconds).toBeLessThanOrEqual(longestVerdictSeconds);
    }
  });

  test('is what the registry, the tests and the figures give: `npm run docs:failures -- --render` writes it anew', () => {
    expect(readFileSync('docs/failures.md', 'utf8')).toBe(renderFailures({ failures, findingLists, measured, tests }));
  });
});

describe('lists of findings', () => {
  const all = findingLists.flatMap(({ prefix, findings }) => findings.map(({ number }) => `${prefix}${number}`));
  const tested = new Set([...tests.simulation, ...tests.lab, ...tests['unit test']]);

  test('have a letter each, and their numbers without a gap', () => {
    const prefixes = findingLists.map(({ prefix }) => prefix);
    expect(prefixes.filter((prefix) => !/^[A-EG-Z]$/.test(prefix))).toEqual([]);
    expect(new Set(prefixes).size).toBe(prefixes.length);
    for (const { findings, open = [] } of findingLists) {
      const numbers = findings.map(({ number }) => number);
      expect([...numbers, ...open].toSorted((a, b) => a - b)).toEqual(upTo(numbers.length + open.length));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  test.each(all)('%s has a test that bears its number', (number) => {
    expect(tested.has(number), `no test is named \`${number}: ...\``).toBe(true);
  });

  test('every test that bears a number has a row', () => {
    // A part of one that is open may be mended, with its test.
    const open = findingLists.flatMap(({ prefix, open: numbers = [] }) =>
      numbers.map((number) => `${prefix}${number}`),
    );
    const rows = new Set([...all, ...open, ...failures.map(({ number }) => `F${number}`)]);
    expect([...tested].filter((number) => !rows.has(number))).toEqual([]);
  });

  test('what was measured of them passed, and names what it says', () => {
    const results = measured.filter(({ failure }) => all.includes(failure));
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    for (const { type } of results.flatMap(({ verdicts }) => verdicts)) expect(isFailureType(type), type).toBe(true);
  });
});
