import { expect, test } from 'vitest';
import { readSpecification } from '../../../api/server/parsed.js';
import { clusterYaml } from '../../support/run-cli.js';

const file = 'cluster.yaml';

test('a specification of a thousand hosts is read', () => {
  const hosts = Array.from({ length: 1_000 }, (_, index) => {
    return `    n${index}: { role: worker, address: 10.204.${Math.floor(index / 250)}.${(index % 250) + 1} }\n`;
  });
  const parsed = readSpecification({ text: clusterYaml('prod') + hosts.join(''), file });
  expect(parsed.ok && Object.keys(parsed.specification.spec.hosts)).toHaveLength(1_005);
});

test('one that was made to take minutes is given up in seconds, and the next one is read', () => {
  const began = Date.now();
  const parsed = readSpecification({ text: '!a '.repeat(200_000), file });
  expect(Date.now() - began).toBeLessThan(10_000);
  expect(parsed).toMatchObject({ ok: false, problems: [{ line: 1, message: 'reading it takes more than 2 s' }] });
  expect(readSpecification({ text: clusterYaml('prod'), file }).ok).toBe(true);
});

test.each([
  ['nested lists', '['.repeat(20_000)],
  ['nested maps', '{a: '.repeat(5_000)],
  ['nested dashes', '- '.repeat(20_000)],
  ['aliases', `a: &a [1]\nb: [${'*a,'.repeat(5_000)}]`],
  ['documents', '---\n'.repeat(5_000)],
  ['tags', '!a '.repeat(1_000)],
])('%s are told as problems, not thrown, and not too many', (_what, text) => {
  const parsed = readSpecification({ text, file });
  expect(parsed.ok).toBe(false);
  if (!parsed.ok) expect(parsed.problems.length).toBeLessThanOrEqual(500);
});
