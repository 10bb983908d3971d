import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationMs, shown } from '../../../model/specification/fields.js';
import { suggest } from '../../../model/specification/suggest.js';

describe('durationMs', () => {
  it.each([
    ['30m', 1_800_000],
    ['2m30s', 150_000],
    ['1h', 3_600_000],
    ['1h2m3s4ms', 3_723_004],
    ['500ms', 500],
    ['90s', 90_000],
    ['0s', 0],
  ])('%s is %i ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['', '30', 'm', '30 m', '30min', '-5m', '1.5h', '30s2m', '1m1m', '99999999h', ' 5m', '5m\n'])(
    '%j is none',
    (text) => {
      expect(durationMs(text)).toBeUndefined();
    },
  );

  it('adds up its parts', () => {
    const part = fc.nat(999);
    fc.assert(
      fc.property(part, part, part, (h, m, s) => {
        expect(durationMs(`${h}h${m}m${s}s`)).toBe(((h * 60 + m) * 60 + s) * 1000);
      }),
    );
  });
});

describe('suggest', () => {
  const hosts = ['cp1', 'cp2', 'lb1', 'worker-a'];

  it.each([
    ['cp', 'cp1'],
    ['c1p', 'cp1'],
    ['CP2', 'cp2'],
    ['workera', 'worker-a'],
    ['worker', 'worker-a'],
  ])('%s means %s', (word, meant) => {
    expect(suggest(word, hosts)).toBe(meant);
  });

  it('guesses nothing from afar', () => {
    expect(suggest('database', hosts)).toBeUndefined();
    expect(suggest('x', hosts)).toBeUndefined();
    expect(suggest('cp1', [])).toBeUndefined();
  });

  it('finds a word that is there', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (words) => {
        for (const word of words) expect(suggest(word, words)).toBe(word);
      }),
    );
  });
});

describe('shown', () => {
  it('is short and on one line', () => {
    expect(shown('a\nb')).toBe(String.raw`"a\nb"`);
    expect(shown('x'.repeat(200))).toHaveLength(80);
    expect(shown(undefined)).toBe('nothing');
  });
});
