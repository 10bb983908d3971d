import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withFileLock } from '../../../../api/server/tokens/file-lock.js';
import { createToken, revokeToken } from '../../../../api/server/tokens/manage.js';
import { changeTokens, defaultTokenFile, readTokens } from '../../../../api/server/tokens/token-file.js';
import { openTokenStore } from '../../../../api/server/tokens/token-store.js';
import { findToken, hashOf, reaches } from '../../../../api/server/tokens/token.js';
import { secretPatterns } from '../../../../model/secret-patterns.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const fileIn = (folder: string): string => join(folder, 'quorate', 'tokens.json');
const make = (file: string, name: string) => createToken(file, { name, role: 'operator', clusters: ['prod'] });

describe('a file of tokens', () => {
  test('is made for its owner alone and holds hashes, never a token', async () => {
    const file = fileIn(temporaryFolder());
    const { token } = await createToken(
      file,
      { name: 'ci', role: 'operator', clusters: ['prod', 'prod', 'stage'], expiresInMs: 90 * 86_400_000 },
      Date.parse('2026-11-24T10:00:00Z'),
    );
    expect(token).toMatch(secretPatterns.apiToken);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(token);
    expect(text).not.toContain(token.slice('quorate_'.length));
    expect(readTokens(file)).toEqual([
      {
        name: 'ci',
        sha256: hashOf(token),
        role: 'operator',
        clusters: ['prod', 'stage'],
        created: '2026-11-24T10:00:00.000Z',
        expires: '2027-02-22T10:00:00.000Z',
      },
    ]);
    expect(readdirSync(dirname(file))).toEqual(['tokens.json']);
  });

  test('is found below the configuration folder', () => {
    expect(defaultTokenFile({ XDG_CONFIG_HOME: '/etc/xdg', HOME: '/home/ann' })).toBe('/etc/xdg/quorate/tokens.json');
    expect(defaultTokenFile({ XDG_CONFIG_HOME: 'relative', HOME: '/home/ann' })).toBe(
      '/home/ann/.config/quorate/tokens.json',
    );
  });

  test('a name is given once, and a revoked one may be given again', async () => {
    const file = fileIn(temporaryFolder());
    const first = await make(file, 'ci');
    await expect(make(file, 'ci')).rejects.toMatchObject({ kind: 'refused', message: 'There is a token ci already.' });
    await revokeToken(file, 'ci');
    await expect(revokeToken(file, 'ci')).rejects.toMatchObject({ kind: 'not-found' });
    const second = await make(file, 'ci');
    expect(second.token).not.toBe(first.token);
    expect(findToken(readTokens(file) ?? [], first.token)).toBeUndefined();
    expect(findToken(readTokens(file) ?? [], second.token)?.name).toBe('ci');
  });

  test.each(['', ' ', 'a b', 'a\nb', '-x', 'x'.repeat(101)])('refuses the name %j', async (name) => {
    const file = fileIn(temporaryFolder());
    await expect(make(file, name)).rejects.toMatchObject({ kind: 'bad-usage' });
    expect(existsSync(file)).toBe(false);
  });

  test('refuses a cluster that cannot be one', async () => {
    await expect(
      createToken(fileIn(temporaryFolder()), { name: 'ci', role: 'viewer', clusters: ['Prod!'] }),
    ).rejects.toMatchObject({ kind: 'bad-usage', evidence: [expect.stringContaining('Prod!') as unknown] });
  });

  test('that others may read is refused with what to do, and so is one that is damaged', async () => {
    const file = fileIn(temporaryFolder());
    await make(file, 'ci');
    chmodSync(file, 0o640);
    expect(() => readTokens(file)).toThrow(
      expect.objectContaining({ kind: 'bad-usage', remedy: `Run \`chmod 600 ${file}\`.` }) as Error,
    );
    chmodSync(file, 0o600);
    for (const text of ['', '{', '[]', '{"version":2,"tokens":[]}', '{"version":1,"tokens":[{"name":"x"}]}']) {
      writeFileSync(file, text);
      expect(() => readTokens(file)).toThrow(expect.objectContaining({ kind: 'bad-usage' }) as Error);
      await expect(make(file, 'other')).rejects.toMatchObject({ kind: 'bad-usage' });
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  test('a link to it stays a link', async () => {
    const folder = temporaryFolder();
    const real = join(folder, 'real.json');
    await make(real, 'ci');
    const link = join(folder, 'link.json');
    symlinkSync(real, link);
    await make(link, 'second');
    expect(readTokens(real)?.map(({ name }) => name)).toEqual(['ci', 'second']);
  });
});

describe('changes at the same time', () => {
  test('follow one another', async () => {
    const lock = join(temporaryFolder(), 'x.lock');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => withFileLock(lock, work)));
    expect(most).toBe(1);
    expect(readdirSync(dirname(lock))).toEqual([]);
  });

  test('a failed change changes nothing and gives the lock back', async () => {
    const file = fileIn(temporaryFolder());
    await make(file, 'ci');
    await expect(
      changeTokens(file, () => {
        throw new Error('no');
      }),
    ).rejects.toMatchObject({ kind: 'failed' });
    await make(file, 'next');
    expect(readTokens(file)).toHaveLength(2);
  });

  test('the lock of a process that was killed with it is taken over', async () => {
    const lock = join(temporaryFolder(), 'x.lock');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    writeFileSync(lock, `${child.pid} `);
    const waiting = withFileLock(lock, () => 'mine', 20_000);
    await expect(Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).resolves.toBe(
      'waits',
    );
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect(waiting).resolves.toBe('mine');
    expect(existsSync(lock)).toBe(false);
  });

  test('a lock that a living process holds is waited for, then told', async () => {
    const lock = join(temporaryFolder(), 'x.lock');
    writeFileSync(lock, `${process.pid} `);
    await expect(withFileLock(lock, () => 'mine', 200)).rejects.toMatchObject({
      kind: 'failed',
      evidence: [`process ${process.pid}`],
    });
    expect(existsSync(lock)).toBe(true);
  });
});

describe('the tokens of a running server', () => {
  test('follow the file: new ones hold and revoked ones do not, from the next request on', async () => {
    const file = fileIn(temporaryFolder());
    const problems: string[] = [];
    const store = openTokenStore(file, (problem) => problems.push(problem));
    expect(store.needed()).toBe(false);
    const { token } = await make(file, 'ci');
    expect(store.needed()).toBe(true);
    expect(store.find(token)).toMatchObject({ kind: 'known', record: { name: 'ci' } });
    expect(store.find(`${token}x`)).toEqual({ kind: 'unknown' });
    await revokeToken(file, 'ci');
    expect(store.find(token)).toEqual({ kind: 'unknown' });
    expect(store.needed()).toBe(true);
    rmSync(file);
    expect(store.needed()).toBe(true);
    expect(problems).toEqual([]);
  });

  test('hold on when the file is damaged, and say so once', async () => {
    const file = fileIn(temporaryFolder());
    const problems: string[] = [];
    const { token } = await make(file, 'ci');
    const store = openTokenStore(file, (problem) => problems.push(problem));
    writeFileSync(file, 'damaged');
    expect(store.find(token).kind).toBe('known');
    expect(store.find(token).kind).toBe('known');
    expect(problems).toEqual([`${file} is no file of tokens.`]);
  });

  test('expire', async () => {
    const file = fileIn(temporaryFolder());
    const { token } = await createToken(
      file,
      { name: 'old', role: 'admin', clusters: [], expiresInMs: 1_000 },
      Date.now() - 5_000,
    );
    expect(openTokenStore(file, () => {}).find(token)).toMatchObject({ kind: 'expired', record: { name: 'old' } });
  });
});

test('a token reaches the clusters it was made for', () => {
  expect(reaches({ clusters: 'all' }, 'prod')).toBe(true);
  expect(reaches({ clusters: ['prod'] }, 'prod')).toBe(true);
  expect(reaches({ clusters: ['prod'] }, 'prod2')).toBe(false);
});
