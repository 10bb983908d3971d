import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markedStream } from '../../../adapters/systemd/marked-stream.js';

const mark = 'quorate-0123';

test('any content cut anywhere comes out whole, and so does what follows the mark', () => {
  const content = fc.string({ unit: fc.constantFrom('\n', 'q', 'u', 'o', ' ', mark, 'x') });
  fc.assert(
    fc.property(content, fc.string(), fc.array(fc.nat(60)), (text, rest, cuts) => {
      fc.pre(!text.includes(`${mark} `));
      const whole = `${text}${mark} ${rest}`;
      let out = '';
      const stream = markedStream(mark, (piece) => (out += piece));
      const edges = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
      for (let n = 1; n < edges.length; n++) stream.write(whole.slice(edges[n - 1], edges[n]));
      expect(out).toBe(text);
      expect(stream.rest()).toBe(rest);
    }),
  );
});

test('content that cannot be the mark is passed on at once', () => {
  const pieces: string[] = [];
  const stream = markedStream(mark, (piece) => pieces.push(piece));
  stream.write('one\ntwo\n');
  expect(pieces).toEqual(['one\ntwo\n']);
  expect(stream.rest()).toBeUndefined();
});
