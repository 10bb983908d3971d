import { describe, expect, test } from 'vitest';
import { clip, rowsOf, shortDuration, wrap } from '../../../cli/format/text.js';

describe('text on a terminal', () => {
  test('is wrapped between words; a word that is too long stays whole', () => {
    expect(wrap('  one two three', 9, '    ')).toEqual(['  one two', '    three']);
    expect(wrap('short', 80, '  ')).toEqual(['short']);
    expect(wrap('a averyveryverylongword b', 8, ' ')).toEqual(['a', ' averyveryverylongword', ' b']);
    expect(wrap('漢字 漢字', 6, '')).toEqual(['漢字', '漢字']);
    expect(wrap('', 10, '  ')).toEqual(['']);
  });

  test('is cut by columns, whatever the characters', () => {
    expect(clip('漢字漢字', 5)).toBe('漢字…');
    expect(clip('漢字', 4)).toBe('漢字');
  });

  test('takes the rows that the terminal breaks it into', () => {
    expect(rowsOf([], 10)).toBe(0);
    expect(rowsOf(['', 'abcdefghij', 'abcdefghijk', '\x1b[32mabcdefghij\x1b[0m'], 10)).toBe(5);
  });

  test.each([
    [1_800_000, '30m'],
    [7_200_000, '2h'],
    [90_000, '1m 30s'],
    [30_000, '30s'],
    [86_400_000, '1d'],
  ])('a limit of %d ms is %s', (ms, text) => {
    expect(shortDuration(ms)).toBe(text);
  });
});
