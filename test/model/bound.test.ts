import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, jsonLength } from '../../model/bound.js';

const bytes = (text: string): number => Buffer.byteLength(JSON.stringify(text), 'utf8');
// Every kind of character: controls, quotes, two to four bytes, halves of surrogate pairs.
const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom(
    '"',
    '\\',
    '\n',
    '\u0000',
    '\u007f',
    'ä',
    '→',
    '😀',
    '\ud83d',
    '\ude00',
    '\u2028',
    '\u0080',
    '\u07ff',
    '\u0800',
    '\uffff',
    '\u001f',
    ' ',
  ),
);
const text = fc.array(character, { maxLength: 80 }).map((parts) => parts.join(''));

describe('jsonLength', () => {
  it('is what JSON.stringify writes', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(jsonLength(value)).toBe(bytes(value));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('clip', () => {
  it('leaves what fits', () => {
    expect(clip('cp3', 5)).toBe('cp3');
    expect(clip('', 5)).toBe('');
  });

  it('cuts at the last character that fits', () => {
    expect(clip('abcdefgh', 8)).toBe('abc…');
    expect(clip('"""""""', 9)).toBe('""…');
    expect(clip('😀😀😀', 9)).toBe('😀…');
    expect(clip('😀😀😀', 8)).toBe('…');
  });

  it('never takes more than it may, and wastes less than a character', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 5, max: 120 }), (value, max) => {
        const clipped = clip(value, max);
        expect(bytes(clipped)).toBeLessThanOrEqual(max);
        if (clipped === value) return;
        expect(bytes(value)).toBeGreaterThan(max);
        expect(clipped.endsWith('…')).toBe(true);
        expect(value.startsWith(clipped.slice(0, -1))).toBe(true);
        expect(bytes(clipped)).toBeGreaterThan(max - 6);
      }),
      { numRuns: 3000 },
    );
  });

  it('splits no pair of surrogates', () => {
    for (let max = 5; max < 40; max += 1)
      expect(clip('😀'.repeat(12), max)).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
  });

  it('refuses a bound that not even "…" fits', () => {
    expect(() => clip('abcdef', 4)).toThrow(RangeError);
  });
});
