import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { guardedChange, mutations } from './catalogue.js';

const all = [...mutations, { title: 'a change of workflow code', ...guardedChange }];

test.each(all)('$title: each text that it breaks is in its file, once', ({ edits }) => {
  for (const { file, replace } of edits) expect(readFileSync(file, 'utf8').split(replace)).toHaveLength(2);
});

test('each has a title of its own', () => {
  expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
});
