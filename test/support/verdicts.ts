// What Quorate said of each failure of the matrix and when: written by the tests of the matrix, read by npm run docs:failures.
import { appendFileSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import type { FailureResult, Verdict } from '../../scripts/failures/results.js';

/** Number in the name of the test that runs, `F12: ...`; undefined in a test that is none of the matrix. */
const currentFailure = (): { readonly failure: number; readonly test: string } | undefined => {
  const [, test = '', failure = ''] = /(?:^| > )(F(\d+): .*)$/.exec(expect.getState().currentTestName ?? '') ?? [];
  return test === '' ? undefined : { failure: Number(failure), test };
};

let verdicts: Verdict[] = [];
let notes: Record<string, string> = {};

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
 * Writes what was kept in each test of the matrix as one line of JSON to the file that QUORATE_VERDICTS names; to nowhere
 * without it.
 * @param where the hosts that the tests of the file run on
 */
export const writeVerdicts = (where: FailureResult['where']): void => {
  afterEach(({ task }) => {
    const current = currentFailure();
    const file = process.env['QUORATE_VERDICTS'];
    if (current !== undefined && file !== undefined) {
      const result: FailureResult = { where, ...current, passed: task.result?.state !== 'fail', verdicts, notes };
      appendFileSync(file, `${JSON.stringify(result)}\n`);
    }
    verdicts = [];
    notes = {};
  });
};
