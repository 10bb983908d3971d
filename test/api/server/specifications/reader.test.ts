import { afterAll, expect, test } from 'vitest';
import type { Caller } from '../../../../api/server/access/caller.js';
import { createSpecificationReader } from '../../../../api/server/specifications/reader.js';
import { clusterYaml } from '../../../support/run-cli.js';

const file = 'cluster.yaml';
const named = (name: string): Caller => ({ name, role: 'viewer', clusters: 'all' });
const [ann, bob] = [named('ann'), named('bob')];

const reader = createSpecificationReader();
afterAll(() => reader.end());

/** Takes all the time it may, and is another text each time. */
const endless = (number: number): string => `# ${number}\n${'!a '.repeat(200_000)}`;

test('a specification of a thousand hosts is read', async () => {
  const hosts = Array.from({ length: 1_000 }, (_, index) => {
    return `    n${index}: { role: worker, address: 10.204.${Math.floor(index / 250)}.${(index % 250) + 1} }\n`;
  });
  const parsed = await reader.read(ann, { text: clusterYaml('prod') + hosts.join(''), file });
  expect(parsed.ok && Object.keys(parsed.specification.spec.hosts)).toHaveLength(1_005);
});

test('one that was made to take minutes is given up in seconds, and the next one is read', async () => {
  const began = Date.now();
  const parsed = await reader.read(ann, { text: '!a '.repeat(200_000), file });
  expect(Date.now() - began).toBeLessThan(10_000);
  expect(parsed).toMatchObject({ ok: false, problems: [{ line: 1, message: 'reading it takes more than 2 s' }] });
  expect((await reader.read(ann, { text: clusterYaml('prod'), file })).ok).toBe(true);
});

test('one that takes more memory than it may have is given up, and the next one is read', async () => {
  const small = createSpecificationReader({ heapMb: 64, mostMs: 20_000 });
  const parsed = await small.read(ann, { text: '- a\n'.repeat(240_000), file });
  expect(parsed).toMatchObject({ ok: false, problems: [{ message: 'reading it takes more than 64 MiB of memory' }] });
  expect((await small.read(ann, { text: clusterYaml('prod'), file })).ok).toBe(true);
  await small.end();
});

test.each([
  ['nested lists', '['.repeat(20_000)],
  ['very deeply nested lists', '['.repeat(150_000)],
  ['nested maps', '{a: '.repeat(5_000)],
  ['nested dashes', '- '.repeat(20_000)],
  ['aliases', `a: &a [1]\nb: [${'*a,'.repeat(5_000)}]`],
  ['documents', '---\n'.repeat(5_000)],
  ['tags', '!a '.repeat(1_000)],
  ['long keys', `${'k'.repeat(400_000)}: [\n${'k: {\n'.repeat(600)}`],
])('%s are told as problems, not thrown, and not too many', async (_what, text) => {
  const parsed = await reader.read(ann, { text, file });
  expect(parsed.ok).toBe(false);
  if (parsed.ok) return;
  expect(parsed.problems.length).toBeLessThanOrEqual(500);
  expect(JSON.stringify(parsed.problems).length).toBeLessThan(1_000_000);
});

test('callers wait for their own specifications, not for those of others', async () => {
  const two = createSpecificationReader({ mostMs: 1_500, waiting: 3 });
  await Promise.all([ann, bob].map((who) => two.read(who, { text: clusterYaml(`of-${who.name}`), file })));
  const order: string[] = [];
  const read = async (who: Caller, text: string): Promise<boolean> => {
    const { ok } = await two.read(who, { text, file });
    order.push(who.name ?? '');
    return ok;
  };
  const slow = [1, 2, 3, 4].map((number) => read(ann, endless(number)));
  // More than may wait.
  await expect(read(ann, endless(5))).rejects.toMatchObject({ kind: 'too-many-requests' });
  expect(await read(bob, clusterYaml('prod'))).toBe(true);
  expect(await Promise.all(slow)).toEqual([false, false, false, false]);
  // One at a time of the same caller.
  expect(order.indexOf('bob')).toBeLessThanOrEqual(1);
  await two.end();
});

test('the same text asked for at once is read once', async () => {
  const one = createSpecificationReader({ waiting: 0 });
  const asked = await Promise.all([1, 2, 3, 4].map(() => one.read(ann, { text: clusterYaml('prod'), file })));
  expect(new Set(asked).size).toBe(1);
  await one.end();
});
