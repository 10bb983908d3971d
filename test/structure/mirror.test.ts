import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** Folders below `test/` whose tests have no subject of their own at the mirrored path, and why. */
const without: Readonly<Record<string, string>> = {
  'adapters/host/traces': 'what is read and what is cleaned agree, which no module of the folder does alone',
  'adapters/ssh': 'connections as a whole: faults, proxies, keys, and servers that grant few sessions',
  'adapters/ssh/config': 'the whole reading of a client configuration, held to `ssh -G`',
  api: 'the client as a whole, over Temporal and over HTTP',
  'api/server': 'the server as a whole, over HTTP',
  'api/server/attacks': 'callers that mean harm, met by the server as a whole, over HTTP',
  cli: 'the program as a whole, as a process and on a terminal',
  simulation: 'the product as a whole on simulated hosts, and the simulation as a whole beside real programs',
  'simulation/same-breath': 'what changes in the moment before a script destroys, met by the product as a whole',
  'simulation/failures': 'failures, each met by the product as a whole',
  structure: 'the tree itself',
  workflows: 'operations as a whole, as workflows',
  'workflows/cluster-entity': 'the queue of a cluster as a whole, as a workflow',
};

const testFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => relative('test', join(entry.parentPath, entry.name)));

/** Names without their suffix of what lies in a folder, folders too. */
const namesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => !name.endsWith('.test.ts'))
        .map((name) => name.replace(/\.(ts|mjs|md)$/, ''))
    : [];

/**
 * A module, page or folder of the test's name, where the test lies or at the path that mirrors it. A test may tell an
 * aspect of it (`snapshot-retention` of `snapshot`) or be of several (`render` of `render-init` and `render-join`), or of
 * the folder (`etcd/etcd`).
 */
const hasSubject = (file: string): boolean => {
  const [name, folder] = [basename(file, '.test.ts'), dirname(file)];
  const isOf = (subject: string): boolean =>
    subject === name || name.startsWith(`${subject}-`) || subject.startsWith(`${name}-`);
  return (
    (name === basename(folder) && existsSync(folder)) ||
    [folder, join('test', folder)].some((one) => namesIn(one).some(isOf))
  );
};

const homeless = testFiles('test').filter((file) => !hasSubject(file));

test('each test lies where its subject lies, or its folder says why not', () => {
  expect(homeless.filter((file) => !(dirname(file) in without))).toEqual([]);
});

test('each folder that says why not has such a test', () => {
  const folders = new Set(homeless.map((file) => dirname(file)));
  expect(Object.keys(without).filter((folder) => !folders.has(folder))).toEqual([]);
});
