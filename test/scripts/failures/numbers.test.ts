import { describe, expect, test } from 'vitest';
import { compareNumbers, numbersInSource, numbersOfTest, testNamePattern } from '../../../scripts/failures/numbers.js';

describe('numbers that tests bear', () => {
  test.each([
    ['F12: leftovers', ['F12']],
    ['R7, R18: tokens of people', ['R7', 'R18']],
    ['reads F12: not at its start', []],
    ['F: none', []],
    ['f12: none', []],
  ])('%s', (name, numbers) => {
    expect(numbersOfTest(name)).toEqual(numbers);
  });

  test('are found in a test file by the strings that begin with them, whatever the quotes', () => {
    const text = 'it(\'R1: a\', ...); it("R2, R3: b", ...); test.each([])(`F4: ${c}`, ...); // R5: said in passing';
    expect(numbersInSource(text)).toEqual(['R1', 'R2', 'R3', 'F4']);
  });

  test('select tests of some lists by their names', () => {
    const pattern = new RegExp(testNamePattern(['F', 'R']));
    expect(['etcd F12: x', 'R1, R2: x'].filter((name) => pattern.test(name))).toHaveLength(2);
    expect(['S1: x', 'HR1: x', 'F: x'].filter((name) => pattern.test(name))).toEqual([]);
  });

  test('are in the order of their lists, then by number', () => {
    expect(['R2', 'F10', 'R1', 'F9'].toSorted(compareNumbers(['F', 'R']))).toEqual(['F9', 'F10', 'R1', 'R2']);
  });
});
