import { describe, expect, it } from 'vitest';
import { cutWord, splitWords } from '../../../../adapters/ssh/config/words.js';

describe('cutWord', () => {
  it.each([
    ['Port 22', 'Port', '22'],
    ['Port=22', 'Port', '22'],
    ['Port \t = 22', 'Port', '22'],
    ['Port = = 22', 'Port', '= 22'],
    ['"Host Name" x', 'Host Name', 'x'],
    ['us"er na"me x', 'user na', 'me x'],
    ['  Port 22', '', 'Port 22'],
  ])('%j', (text, word, rest) => {
    expect(cutWord(text)).toEqual({ word, rest });
  });

  it('knows the end, and a quote that does not', () => {
    expect(cutWord('last')).toEqual({ word: 'last', rest: undefined });
    expect(cutWord('"half')).toBeUndefined();
  });
});

describe('splitWords', () => {
  it.each<[string, readonly string[]]>([
    ['a  b\tc', ['a', 'b', 'c']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['a"b c"d', ['ab cd']],
    ['a\\ b "a\\ b"', ['a b', 'a\\ b']],
    ['\\"a\\" \\\\ \\n', ['"a"', '\\', '\\n']],
    ["'it\\'s' \"it's\"", ["it's", "it's"]],
    ['a#b #c d', ['a#b']],
    ['""', ['']],
    ['# all', []],
    ['end\\', ['end\\']],
  ])('%j', (text, expected) => {
    expect(splitWords(text)).toEqual(expected);
  });

  it('knows a quote that does not end', () => {
    expect(splitWords('a "b')).toBeUndefined();
    expect(splitWords("it's")).toBeUndefined();
  });
});
