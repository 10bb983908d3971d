import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { failureTypes } from '../../src/model/failure.js';

const text = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const headings = [...text.matchAll(/^### (\w+)$/gm)].map((match) => match[1]);

test('every failure type has exactly one heading in the runbook, and every heading is a failure type', () => {
  expect([...headings].sort()).toEqual([...failureTypes].sort());
});

test.each([...failureTypes])('%s says what it means', (type) => {
  const section = text.split(`### ${type}\n`)[1]?.split('\n##')[0] ?? '';
  expect(section).toContain('**Meaning.**');
});
