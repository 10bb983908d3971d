import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
/** A line that only says what shall stand there. */
const placeholder = /^(?:[A-Z]{4,}|TODO\b.*|TBD\b.*)$/;

test('a line that holds the place of something is found', () => {
  for (const line of ['EXAMPLES', 'TODO: the figures']) expect(line).toMatch(placeholder);
  expect('HTTP API').not.toMatch(placeholder);
});

test.each(pages)('%s holds no place for something that is not written', (page) => {
  const outside = readFileSync(page, 'utf8').replaceAll(/^```[^]*?^```/gm, '');
  expect(outside.split('\n').filter((line) => placeholder.test(line.trim()))).toEqual([]);
});
