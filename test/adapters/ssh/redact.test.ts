import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, redact } from '../../../adapters/ssh/redact.js';

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'ä'), minLength: 1, maxLength: 6 });

const inChunks = (text: string, secrets: readonly string[], cuts: readonly number[]): string => {
  const redactor = createRedactor(secrets);
  const bytes = Buffer.from(text);
  const out: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    out.push(redactor.push(bytes.subarray(from, cut)));
    from = Math.max(from, cut);
  }
  out.push(redactor.push(bytes.subarray(from)), redactor.flush());
  return Buffer.concat(out).toString();
};

describe('redact', () => {
  it('replaces every secret', () => {
    expect(redact('token abcdef.0123 and key=s3cret!', ['abcdef.0123', 's3cret!'])).toBe(
      'token [redacted] and key=[redacted]',
    );
  });

  it('replaces a secret whole that begins with another one', () => {
    expect(redact('abcdef abc', ['abc', 'abcdef'])).toBe('[redacted] [redacted]');
  });

  it('ignores empty secrets and the line end of one', () => {
    expect(redact('tok', ['', '\n', 'tok\n'])).toBe('[redacted]');
  });

  it('replaces the lines of a secret of several lines', () => {
    const pem = '-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIE\nIHKj\n-----END KEY-----\n';
    expect(redact('log: MC4CAQAwBQYDK2VwBCIE\n', [pem])).toBe('log: [redacted]\n');
    expect(redact(`all: ${pem}`, [pem])).toBe('all: [redacted]\n');
  });

  it('does not depend on where the stream is split', () => {
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 3 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'ä', ' '), maxLength: 40 }),
        fc.array(fc.nat(60), { maxLength: 6 }),
        (secrets, text, cuts) => {
          expect(inChunks(text, secrets, cuts)).toBe(redact(text, secrets));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('leaves no secret in what it gives', () => {
    fc.assert(
      fc.property(letters, fc.array(fc.oneof(letters, fc.constant(' '))), (secret, parts) => {
        const clean = redact(parts.join(secret), [secret]).replaceAll('[redacted]', '');
        // What stands on both sides of a replaced secret was never together.
        expect(
          redact(parts.join(secret), [secret])
            .split('[redacted]')
            .some((piece) => piece.includes(secret)),
        ).toBe(false);
        expect(clean.length).toBeLessThanOrEqual(parts.join(secret).length);
      }),
    );
  });

  it('holds back no more than what may be a secret', () => {
    const redactor = createRedactor(['secret']);
    expect(redactor.push(Buffer.from('plain line\n')).toString()).toBe('plain line\n');
    expect(redactor.push(Buffer.from('a sec')).toString()).toBe('a ');
    expect(redactor.push(Buffer.from('ond\n')).toString()).toBe('second\n');
  });
});
