import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findArchive, findReady, unpack } from '../../../lab/build/cache.js';
import { cacheFolders, writableCacheFolder } from '../../../lab/paths.js';

const NAME = 'tool-v1-linux-amd64';
const CONTENT = '#!/bin/sh\necho tool\n';

let work: string;
let given: string;
let writable: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'lab-cache-'));
  given = join(work, 'given');
  writable = join(work, 'writable');
  mkdirSync(given);
  mkdirSync(writable);
  writeFileSync(join(given, `${NAME}.xz`), execFileSync('xz', ['-c'], { input: CONTENT }));
});
afterEach(() => {
  chmodSync(given, 0o755);
  rmSync(work, { recursive: true });
});

const sum = (content: string): string => createHash('sha256').update(content).digest('hex');
const writeSum = (value: string): void => writeFileSync(join(given, 'SHA256SUMS'), `${value}  ${NAME}\n`);

describe('an archive of a program', () => {
  test('is unpacked into the writable folder when its content is as summed, and found there afterwards', async () => {
    writeSum(sum(CONTENT));
    const archive = findArchive(NAME, [join(work, 'absent'), given]);
    expect(archive).toEqual({ path: join(given, `${NAME}.xz`), sha256: sum(CONTENT) });
    if (archive === undefined) return;
    expect(findReady(NAME, writable)).toBeUndefined();
    const program = await unpack(NAME, archive, writable);
    expect(readFileSync(program.path, 'utf8')).toBe(CONTENT);
    expect(statSync(program.path).mode & 0o777).toBe(0o755);
    expect(findReady(NAME, writable)).toEqual(program);
  });

  test('is refused when its content is another, and nothing stays behind', async () => {
    writeSum(sum('something else'));
    const archive = findArchive(NAME, [given]);
    if (archive === undefined) throw new Error('not found');
    await expect(unpack(NAME, archive, writable)).rejects.toThrow(/SHA256SUMS beside it says/);
    expect(readdirSync(join(writable, 'programs'))).toEqual([]);
  });

  test('without a checksum is no archive', () => {
    expect(findArchive(NAME, [given])).toBeUndefined();
    writeFileSync(join(given, 'SHA256SUMS'), `${sum(CONTENT)}  other\n`);
    expect(findArchive(NAME, [given])).toBeUndefined();
  });
});

describe('the cache folder', () => {
  test('is below XDG_CACHE_HOME', () => {
    expect(cacheFolders({ XDG_CACHE_HOME: writable })).toEqual([join(writable, 'quorate', 'lab')]);
  });

  test('is the one of QUORATE_LAB_CACHE, if that may be written to', () => {
    const environment = { XDG_CACHE_HOME: writable, QUORATE_LAB_CACHE: given };
    expect(cacheFolders(environment)).toEqual([given, join(writable, 'quorate', 'lab')]);
    expect(writableCacheFolder(environment)).toBe(given);
  });

  test('that is read-only is only read: what is made goes to the default one', () => {
    chmodSync(given, 0o555);
    const folder = writableCacheFolder({ XDG_CACHE_HOME: writable, QUORATE_LAB_CACHE: given });
    expect(folder).toBe(join(writable, 'quorate', 'lab'));
    expect(existsSync(folder)).toBe(true);
  });
});
