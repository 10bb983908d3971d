import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Host, RunOptions } from '../../../adapters/ssh/types.js';
import { removeFile, writeFile } from '../../../adapters/ssh/write-file.js';
import { makeFolder } from './support/sshd.js';

const folder = makeFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** This machine; `arrives` is what becomes of standard input on the way. */
const localHost = (arrives = (text: string) => text): Host & { readonly seen: string[] } => {
  const seen: string[] = [];
  return {
    name: 'cp1',
    seen,
    run: async (script: string, options: RunOptions = {}) => {
      seen.push(script);
      const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script], {
        input: arrives(options.stdin ?? ''),
        encoding: 'utf8',
      });
      return { end: { kind: 'exited', code: status ?? -1 }, stdout, stderr, truncated: false };
    },
  };
};

describe('writeFile', () => {
  it('writes content and mode, for the owner alone by default, and makes the folder', async () => {
    const path = join(folder, "it's a/new $folder", 'file');
    await writeFile(localHost(), path, 'sécret\n');
    expect(readFileSync(path, 'utf8')).toBe('sécret\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    await writeFile(localHost(), path, '', { mode: '0644' });
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(join(path, '..'))).toEqual(['file']);
  });

  it('leaves the old file when content is cut off on the way', async () => {
    const path = join(folder, 'kept');
    await writeFile(localHost(), path, 'old');
    const cut = writeFile(
      localHost((text) => text.slice(0, 3)),
      path,
      'new content',
    );
    await expect(cut).rejects.toThrow('only 3 of 11 bytes arrived');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder).filter((name) => name.includes('kept'))).toEqual(['kept']);
  });

  it('keeps content out of the command', async () => {
    const host = localHost();
    await writeFile(host, join(folder, 'quiet'), 'abcdef.0123456789abcdef');
    expect(host.seen.join('')).not.toContain('abcdef.0123456789abcdef');
  });

  it('refuses a mode that is none', async () => {
    await expect(writeFile(localHost(), join(folder, 'x'), '', { mode: '0600; reboot' })).rejects.toThrow(TypeError);
  });
});

describe('removeFile', () => {
  it('removes a file, and is content when there is none', async () => {
    const path = join(folder, 'gone');
    await writeFile(localHost(), path, 'x');
    await removeFile(localHost(), path);
    expect(existsSync(path)).toBe(false);
    await removeFile(localHost(), path);
  });
});
