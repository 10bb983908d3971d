import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstUnprintable, printable } from '../../model/printable.js';

describe('printable', () => {
  it.each([
    ['\u001b[2J', String.raw`\u001b[2J`],
    ['a\nb\tc\r', String.raw`a\nb\tc\r`],
    ['\u009b31m\u007f', String.raw`\u009b31m\u007f`],
    ['\u202egnp', String.raw`\u202egnp`],
    ['\ud800x', String.raw`\ud800x`],
    ['\u{e0001}', String.raw`\udb40\udc01`],
    ['Grüße, 日本 😀', 'Grüße, 日本 😀'],
  ])('S14: %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('S14: keeps what it is told to keep', () => {
    expect(printable('a\n\tb\u001b', '\n\t')).toBe('a\n\tb\\u001b');
  });

  it('S14: leaves JSON as it is read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(printable(JSON.stringify({ text }, undefined, 2), '\n'))).toEqual({ text });
      }),
    );
  });

  it('S14: leaves nothing that cannot be seen, and nothing to do a second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(firstUnprintable(printable(text))).toBeUndefined();
        expect(printable(printable(text))).toBe(printable(text));
      }),
    );
  });
});
