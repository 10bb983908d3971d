// What Quorate said of each failure and finding and when: written by the tests of them, read by npm run docs:failures.
import { appendFileSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import { numbersOfTest } from '../../scripts/failures/numbers.js';
import type { FailureResult, Verdict } from '../../scripts/failures/results.js';

/** The name of the test that runs, without those around it. */
const currentTest = (): string => {
  const names = (expect.getState().currentTestName ?? '').split(' > ');
  const from = names.findIndex((name) => numbersOfTest(name).length > 0);
  return names.slice(Math.max(0, from)).join(' > ');
};

let verdicts: Verdict[] = [];
let notes: Record<string, string> = {};

/** Whether the product has been on hosts in the test file that runs. */
let isPlayed = false;

/** The test file that runs plays on hosts, so that what its tests see is written. */
export const playsOnHosts = (): void => {
  isPlayed = true;
};

/** Keeps what was said in the test that runs, and how many seconds after its evidence existed. */
export const recordVerdict = (verdict: Verdict): void => {
  if (verdicts.some(({ type, message }) => type === verdict.type && message === verdict.message)) return;
  verdicts.push({ ...verdict, seconds: Math.round(verdict.seconds * 100) / 100 });
};

/** Keeps what the steps of an operation that finished had to say, by their ids; those of a later one count. */
export const recordNotes = (of: Readonly<Record<string, string>>): void => {
  notes = { ...notes, ...of };
};

/**
 * Writes what was kept in each test by a number as one line of JSON to the file that QUORATE_VERDICTS names; to nowhere
 * without it. For a set-up file or a test file.
 * @param where the hosts that the tests of the file run on
 */
export const writeVerdicts = (where: FailureResult['where']): void => {
  isPlayed = false;
  afterEach(({ task }) => {
    const test = currentTest();
    const file = process.env['QUORATE_VERDICTS'];
    if (file !== undefined && isPlayed)
      for (const failure of numbersOfTest(test)) {
        const passed = task.result?.state !== 'fail';
        const result: FailureResult = { where, failure, test, passed, verdicts, notes };
        appendFileSync(file, `${JSON.stringify(result)}\n`);
      }
    verdicts = [];
    notes = {};
  });
};
