import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newMark, parseSections } from '../../../adapters/script/sections.js';

test('what a script prints in sections comes back, whatever it is', () => {
  const mark = newMark();
  const text = fc.string({ unit: fc.constantFrom('a', '\n', ' ', mark, '\u0000', 'é') });
  fc.assert(
    fc.property(fc.string(), text, text, (before, one, two) => {
      fc.pre(![before, one, two].some((part) => `\n${part}`.includes(`\n${mark} `)));
      const sections = parseSections(`${before}\n${mark} one\n${one}\n${mark} two\n${two}`, mark);
      expect([...sections]).toEqual([
        ['one', one],
        ['two', two],
      ]);
    }),
  );
});

test('no sections, and an empty one at the end', () => {
  expect(parseSections('nothing', newMark()).size).toBe(0);
  expect([...parseSections('m a\nx\nm b', 'm')]).toEqual([
    ['a', 'x'],
    ['b', ''],
  ]);
});

test('no two marks are the same', () => {
  expect(newMark()).not.toBe(newMark());
});
