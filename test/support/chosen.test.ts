import { expect, test } from 'vitest';
import { chosenOf } from './chosen.js';

const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const on = (day: number): Date => new Date(day * 86_400_000 + 1);

test('without a number all of them are tried', () => {
  expect(chosenOf(all, undefined, on(1))).toEqual(all);
  expect(chosenOf(all, '', on(1))).toEqual(all);
});

test('so many of each day, and in a week all of them', () => {
  const days = [0, 1, 2, 3, 4, 5, 6].map((day) => chosenOf(all, '3', on(day)));
  for (const chosen of days) expect(new Set(chosen).size).toBe(3);
  expect(new Set(days.flat()).size).toBe(all.length);
  expect(chosenOf(all, '99', on(5)).toSorted()).toEqual(all);
});

test.each(['0', '-1', 'many', '1.5'])('"%s" is refused', (wanted) => {
  expect(() => chosenOf(all, wanted, on(1))).toThrow('not a number above 0');
});
