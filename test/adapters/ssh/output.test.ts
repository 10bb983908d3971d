import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOutput } from '../../../adapters/ssh/output.js';

const filled = (maxBytes: number, chunks: readonly string[]) => {
  const output = createOutput(maxBytes);
  for (const chunk of chunks) output.push(Buffer.from(chunk));
  return output;
};

describe('createOutput', () => {
  it('keeps what fits, however it arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 20 })), (chunks) => {
        const output = filled(10_000, chunks);
        expect(output.text()).toBe(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString());
        expect(output.truncated).toBe(false);
      }),
    );
  });

  it('keeps head and tail of what does not, and counts what it cut', () => {
    const output = filled(10, ['01234', '56', '7'.repeat(100), 'abcde']);
    expect(output.text()).toBe('01234\n[... 102 bytes cut ...]\nabcde');
    expect(output.truncated).toBe(true);
  });

  it('is exact at the bound', () => {
    expect(filled(4, ['ab', 'cd']).text()).toBe('abcd');
    expect(filled(4, ['ab', 'cde']).text()).toBe('ab\n[... 1 bytes cut ...]\nde');
  });

  it('does not split a character', () => {
    expect(filled(6, ['ääää']).text()).toBe('ä\n[... 4 bytes cut ...]\nä');
  });

  it('stays within its bound for a flood of small chunks', () => {
    const output = createOutput(1000);
    for (let i = 0; i < 200_000; i++) output.push(Buffer.from(`${i}\n`));
    expect(output.text().length).toBeLessThan(1100);
    expect(output.text().endsWith('199999\n')).toBe(true);
  });
});
