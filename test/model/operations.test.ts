import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  definitionOf,
  isOperationKind,
  kindFor,
  operationKinds,
  operations,
  phraseOf,
} from '../../model/operations.js';

describe('the kind that a verb means', () => {
  test.each([
    ['init', 'control-plane', 'init'],
    ['init', 'worker', 'init'],
    ['join', 'control-plane', 'join-control-plane'],
    ['join', 'worker', 'join-worker'],
    ['join', undefined, 'join-worker'],
  ] as const)('%s of a host with the role %s: %s', (verb, role, kind) => expect(kindFor(verb, role)).toBe(kind));
});

test('each kind is told in one phrase, and one of a newer version by its name', () => {
  const subject = { cluster: 'prod', host: 'cp3' };
  expect(operationKinds.map((kind) => phraseOf({ ...subject, kind }))).toEqual([
    'initialise prod on cp3',
    'join cp3 as a control-plane node of prod',
    'join cp3 as a worker of prod',
  ]);
  expect(phraseOf({ ...subject, kind: 'upgrade' })).toBe('upgrade of cp3, prod');
});

test('a name that every object has is no kind', () => {
  expect(isOperationKind('constructor')).toBe(false);
  expect(isOperationKind('join-worker')).toBe(true);
});

test('what makes a cluster runs alone, what has an etcd member never beside its like', () => {
  for (const kind of operationKinds) {
    const { makesCluster, hasEtcdMember, lock } = definitionOf({ kind });
    if (makesCluster) expect(lock).toBe('alone');
    if (hasEtcdMember) expect(lock).not.toBe('shared');
  }
});

test('workflow types are one for each kind', () => {
  expect(new Set(operationKinds.map((kind) => operations[kind].workflow)).size).toBe(operationKinds.length);
});

describe('nothing but the definitions asks for a kind by its name', () => {
  const folders = ['activities', 'adapters', 'api', 'cli', 'model', 'workers', 'workflows'];
  const name = `['"\`](${operationKinds.join('|')})['"\`]`;
  const asks = new RegExp(`([=!]==? *${name})|(${name} *[=!]==?)|(case ${name})|includes\\(${name}\\)`);

  test('the pattern finds what it should', () => {
    for (const line of ["if (kind === 'init')", "case 'join-worker':", "kind !== 'join-control-plane'"])
      expect(line).toMatch(asks);
    expect("configurationPath(operation, 'init')").not.toMatch(asks);
  });

  test.each(folders)('in %s/', (folder) => {
    const lines = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        readFileSync(join(folder, file), 'utf8')
          .split('\n')
          .flatMap((line, index) => (asks.test(line) ? [`${folder}/${file}:${index + 1}: ${line.trim()}`] : [])),
      );
    expect(lines).toEqual([]);
  });
});
