import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote } from '../../../adapters/ssh/quote.js';

const word = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      "'",
      '"',
      '\\',
      '$',
      '`',
      '\n',
      '\r',
      ' ',
      '!',
      '*',
      '~',
      '=',
      '-',
      '#',
      'é',
      '\u0001',
      ';',
      '&',
    ),
  }),
);
// A lone surrogate has no UTF-8, so it cannot be an argument of any program.
const words = fc.array(
  word.filter((text) => !text.includes('\0') && !/\p{Surrogate}/u.test(text)),
  { minLength: 1, maxLength: 8 },
);

const back = (script: string): string[] =>
  execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);

describe('quote', () => {
  it('gives every word back through a real shell', () => {
    fc.assert(
      fc.property(words, (list) => {
        expect(back(`printf '%s\\0' ${list.map(quote).join(' ')}`)).toEqual(list);
      }),
      { numRuns: 200 },
    );
  });

  it('gives every word back through a shell in a shell', () => {
    fc.assert(
      fc.property(words, (list) => {
        const inner = `printf '%s\\0' ${list.map(quote).join(' ')}`;
        expect(back(`/bin/sh -c ${quote(inner)}`)).toEqual(list);
      }),
      { numRuns: 100 },
    );
  });

  it('leaves plain words as they are, but not what a shell takes for an assignment', () => {
    expect(quote('/etc/kubernetes/admin.conf')).toBe('/etc/kubernetes/admin.conf');
    expect(quote('A=b')).toBe("'A=b'");
    expect(quote('')).toBe("''");
  });

  it('refuses a NUL', () => {
    expect(() => quote('a\0b')).toThrow(TypeError);
  });
});
