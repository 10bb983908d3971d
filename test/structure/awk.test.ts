import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// awk compares two texts as numbers when both look like numbers, as hex of digits and one e does: then 007 is 7, two ids of
// 16 digits are the same when a double cannot tell them apart, and for some awks everything that is too large is infinite.
const comparison = /\$(?:\d+|[a-z]+\["\w+"\])( "")? == ([a-z]\w*\b|ENVIRON\["\w+"\])(?![[(])/g;

/** What is a number on both sides. */
const numbers = new Set(['parent']);

test('scripts compare what they are given with a field of awk as texts', () => {
  const scripts = readdirSync('adapters', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(scripts.length).toBeGreaterThan(50);
  const bad = scripts.flatMap((file) =>
    [...readFileSync(join('adapters', file), 'utf8').matchAll(comparison)]
      .filter(([, asText, name = '']) => asText === undefined && !numbers.has(name))
      .map(([text]) => `${file}: ${text}`),
  );
  expect(bad).toEqual([]);
});
