import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  concludeMarker,
  isMarkerOf,
  parseMarker,
  removeMarker,
  renderMarker,
  writeMarkerScript,
} from '../../../adapters/host/marker.js';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

let host: ShellHost;
beforeEach(() => {
  host = shellHost({
    rewrite: (script, folder) =>
      script.replaceAll('/var/lib/quorate', `${folder}/quorate`).replaceAll('/run/quorate.lock', `${folder}/lock`),
  });
});
afterEach(() => host.close());

const own = { operation: 'prod/join-control-plane/cp3/1', run: 'run-1' };
const marker = {
  ...own,
  cluster: 'prod',
  caHash: 'sha256:00',
  at: '2026-01-01T00:00:00.000Z',
  state: 'begun' as const,
};
const file = (): string => join(host.folder, 'quorate/marker.json');
const readMarker = () => (existsSync(file()) ? parseMarker(readFileSync(file(), 'utf8')) : undefined);
const write = async (text = renderMarker(marker)): Promise<void> => {
  expect(await host.run(writeMarkerScript(text))).toMatchObject({ end: { kind: 'exited', code: 0 }, stderr: '' });
};

it('is written, read, replaced and removed', async () => {
  expect(readMarker()).toBeUndefined();
  await write();
  // one line: the script that reads a host takes the first
  expect(readFileSync(file(), 'utf8').split('\n')).toHaveLength(2);
  expect((statSync(file()).mode & 0o777).toString(8)).toBe('644');
  expect(readMarker()).toEqual(marker);
  const { caHash: _, ...beforeInit } = marker;
  await write(renderMarker(beforeInit));
  expect(readMarker()).toEqual(beforeInit);
  expect(readdirSync(join(host.folder, 'quorate'))).toEqual(['marker.json']);
  expect(await removeMarker(host, own)).toBe('done');
  expect(await removeMarker(host, own)).toBe('done');
  expect(existsSync(file())).toBe(false);
  expect(readMarker()).toBeUndefined();
});

it.each(['', '{', '{"operation":"a"}', '[]', 'null', '{"operation":"","cluster":"c","at":""}'])(
  'is none when it says %s',
  (text) => expect(parseMarker(text)).toBeUndefined(),
);

describe('R1: the marker says how its operation ended', () => {
  it('a host that was proven is nobody’s attempt any more', async () => {
    await write();
    expect(await concludeMarker(host, marker)).toBe('done');
    expect(readMarker()).toEqual({ ...marker, state: 'joined' });
    // The proof may be tried again.
    expect(await concludeMarker(host, marker)).toBe('done');
    expect(readMarker()).toEqual({ ...marker, state: 'joined' });
  });

  it('where there is none, none is made: a host that had joined before stays as it is', async () => {
    expect(await concludeMarker(host, marker)).toBe('done');
    expect(existsSync(file())).toBe(false);
  });

  const others = {
    'of another run of the operation': renderMarker({ ...marker, run: 'run-2' }),
    'of another operation': renderMarker({ ...marker, operation: 'prod/join-control-plane/cp3/12' }),
    'of older code': JSON.stringify({ operation: own.operation, cluster: 'prod', at: marker.at }),
    'half of one': '{"operation":"prod/join-control-plane/cp3/1"',
    'that only quotes it': JSON.stringify({ operation: JSON.stringify(own), run: 'x', cluster: 'prod', at: '' }),
  };
  it.each(Object.entries(others))('one %s is neither concluded nor removed', async (_, text) => {
    mkdirSync(join(host.folder, 'quorate'));
    writeFileSync(file(), `${text}\n`);
    expect(await concludeMarker(host, marker)).toBe('kept');
    expect(await removeMarker(host, own)).toBe('kept');
    expect(readFileSync(file(), 'utf8')).toBe(`${text}\n`);
    expect(isMarkerOf(parseMarker(text), own)).toBe(false);
  });

  it('is of a run by both names', () => {
    expect(isMarkerOf(marker, own)).toBe(true);
    expect(isMarkerOf({ ...marker, run: undefined }, own)).toBe(false);
    expect(isMarkerOf({ ...marker, run: '' }, { ...own, run: '' })).toBe(true);
    expect(isMarkerOf(undefined, own)).toBe(false);
  });

  it('names with quotes come through', async () => {
    const odd = { ...marker, operation: `prod/join-control-plane/cp3/it's "odd" $HOME \\n` };
    await write(renderMarker(odd));
    expect(readMarker()).toEqual(odd);
    expect(await concludeMarker(host, odd)).toBe('done');
    expect(await removeMarker(host, odd)).toBe('done');
    expect(existsSync(file())).toBe(false);
  });
});
