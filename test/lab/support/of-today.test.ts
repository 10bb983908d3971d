import { expect, test } from 'vitest';
import { partsLeftOut, chosenScenarios } from './of-today.js';

const sampled = { QUORATE_LAB: 'today' };
const days = (count: number): Date[] => Array.from({ length: count }, (_, day) => new Date(day * 86_400_000 + 1));
const hasFailures = (day: Date): boolean => !partsLeftOut(sampled, day).includes('60-failures');

test('without the variable each long part runs, with the scenarios that every run has, or all when all are asked for', () => {
  expect(partsLeftOut({}, new Date())).toEqual([]);
  const all = [{}, { inEveryLabRun: true }, { inEveryLabRun: false }, { inEveryLabRun: true }];
  expect(chosenScenarios(all, {}, new Date())).toEqual([all[1], all[3]]);
  expect(chosenScenarios(all, { QUORATE_LAB_FAILURES: 'all' }, new Date())).toEqual(all);
});

test('a day has one long part, and four days have all', () => {
  const left = days(4).map((day) => partsLeftOut(sampled, day));
  expect(left.map(({ length }) => length)).toEqual([2, 2, 2, 2]);
  for (const part of ['40-load-balancer-outage', '50-cut-off', '60-failures'] as const)
    expect(left.some((some) => !some.includes(part))).toBe(true);
  expect(days(4).filter(hasFailures)).toHaveLength(2);
});

test.each([40, 41, 42, 43, 44, 45])('of %i scenarios a day with failures has three, and a month has all', (count) => {
  const all = Array.from({ length: count }, (_, index) => ({ index, inEveryLabRun: false }));
  const chosen = days(30)
    .filter(hasFailures)
    .map((day) => chosenScenarios(all, sampled, day));
  for (const some of chosen) expect(new Set(some).size).toBe(3);
  expect(new Set(chosen.flat()).size).toBe(count);
});
