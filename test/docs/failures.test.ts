import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findFailureTests } from '../../scripts/failures/find-tests.js';
import { failures } from '../../scripts/failures/registry.js';
import { longestVerdictSeconds, renderFailures } from '../../scripts/failures/render.js';
import { readMeasured } from '../../scripts/failures/results.js';
import { isFailureType } from '../../src/model/failure.js';

const numbers = Array.from({ length: 35 }, (_, index) => index + 1);
const measured = readMeasured();
const tests = findFailureTests();

describe('docs/failures.md', () => {
  test('has each failure of the matrix, once', () => {
    expect(failures.map(({ number }) => number)).toEqual(numbers);
  });

  test('each failure has a test in simulation that bears its number', () => {
    expect([...tests.simulation].toSorted((a, b) => a - b)).toEqual(numbers);
  });

  test.each(failures)('F$number was measured: named in time, or nothing fails', ({ number, prevented }) => {
    const results = measured.results.filter((one) => one.failure === number && one.where === 'simulation');
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
    expect(readFileSync('docs/failures.md', 'utf8')).toBe(renderFailures(failures, measured, tests));
  });
});
