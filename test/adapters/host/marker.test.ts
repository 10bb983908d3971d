import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { parseMarker, readMarker, removeMarker, writeMarker } from '../../../src/adapters/host/marker.js';
import { shellHost } from '../../support/shell-host.js';

const host = shellHost({ rewrite: (script, folder) => script.replaceAll('/var/lib/quorate', `${folder}/quorate`) });
afterEach(() => host.close());

const marker = {
  operation: 'prod/join-control-plane/cp3/1',
  cluster: 'prod',
  caHash: 'sha256:00',
  at: '2026-01-01T00:00:00.000Z',
};

it('is written, read, replaced and removed', async () => {
  expect(await readMarker(host)).toBeUndefined();
  await writeMarker(host, marker);
  const file = join(host.folder, 'quorate/marker.json');
  // one line: the script that reads a host takes the first
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(2);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('644');
  expect(await readMarker(host)).toEqual(marker);
  const { caHash: _, ...beforeInit } = marker;
  await writeMarker(host, beforeInit);
  expect(await readMarker(host)).toEqual(beforeInit);
  await removeMarker(host);
  await removeMarker(host);
  expect(existsSync(file)).toBe(false);
  expect(await readMarker(host)).toBeUndefined();
});

it.each(['', '{', '{"operation":"a"}', '[]', 'null', '{"operation":"","cluster":"c","at":""}'])(
  'is none when it says %s',
  (text) => expect(parseMarker(text)).toBeUndefined(),
);
