import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectClient, resolveTemporal } from '../../../api/connection/connect.js';
import { claimDatabase, runningDevServers } from '../../../api/connection/dev-registry.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const machine = () => {
  const home = temporaryFolder();
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, 'config'), XDG_STATE_HOME: join(home, 'state') };
  const profile = (text: string): string => {
    const file = join(home, 'temporal.toml');
    writeFileSync(file, text);
    return file;
  };
  const claim = (name: string, port: number) => {
    const release = claimDatabase({ address: `127.0.0.1:${port}`, databaseFile: join(home, name) }, env);
    onTestFinished(release);
    return release;
  };
  return { home, env, profile, claim };
};

describe('resolveTemporal', () => {
  test('S18: takes no private key that others may read', () => {
    const { env, home, profile } = machine();
    const key = join(home, 'client.key');
    writeFileSync(key, 'a key', { mode: 0o600 });
    chmodSync(key, 0o640);
    const named = { ...env, TEMPORAL_ADDRESS: 'temporal.example.org:7233', TEMPORAL_TLS_CLIENT_KEY_PATH: key };
    expect(() => resolveTemporal(named)).toThrow(
      expect.objectContaining({ kind: 'bad-usage', remedy: `Run \`chmod 600 ${key}\`.` }) as Error,
    );
    const file = profile(`[profile.default]\naddress = "t:7233"\n[profile.default.tls]\nclient_key_path = "${key}"\n`);
    expect(() => resolveTemporal({ ...env, TEMPORAL_CONFIG_FILE: file })).toThrow('holds a private key');
  });

  test('S18: takes no profile with a key that others may read, wherever it is', () => {
    const { env } = machine();
    const folder = join(env.XDG_CONFIG_HOME, 'temporalio');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'temporal.toml');
    writeFileSync(file, '[profile.default]\naddress = "t:7233"\napi_key = "k"\n', { mode: 0o600 });
    expect(resolveTemporal(env)).toMatchObject({ address: 't:7233' });
    chmodSync(file, 0o644);
    for (const named of [env, { ...env, TEMPORAL_CONFIG_FILE: file }]) {
      expect(() => resolveTemporal(named)).toThrow(
        expect.objectContaining({ kind: 'bad-usage', remedy: `Run \`chmod 600 ${file}\`.` }) as Error,
      );
    }
    expect(resolveTemporal({ ...env, TEMPORAL_API_KEY: 'other' })).toMatchObject({ address: 't:7233' });
  });

  test('takes the variables that the temporal command takes', () => {
    const { env } = machine();
    const named = {
      ...env,
      TEMPORAL_ADDRESS: 'temporal.example.org:7233',
      TEMPORAL_NAMESPACE: 'ops',
      TEMPORAL_API_KEY: 'k',
    };
    expect(resolveTemporal(named)).toEqual({
      address: 'temporal.example.org:7233',
      namespace: 'ops',
      source: 'TEMPORAL_ADDRESS',
      connectionOptions: { address: 'temporal.example.org:7233', apiKey: 'k', tls: true },
    });
  });

  test('takes the profile, and refuses a misspelt key in it', () => {
    const { env, profile } = machine();
    const file = profile('[profile.default]\naddress = "10.0.0.1:7233"\n');
    expect(resolveTemporal({ ...env, TEMPORAL_CONFIG_FILE: file })).toMatchObject({
      address: '10.0.0.1:7233',
      namespace: 'default',
      source: 'the Temporal profile',
    });
    profile('[profile.default]\nadress = "10.0.0.1:7233"\n');
    expect(() => resolveTemporal({ ...env, TEMPORAL_CONFIG_FILE: file })).toThrow(
      /The Temporal configuration cannot be used.*adress/,
    );
  });

  test('refuses a profile file that does not exist, instead of going to localhost', () => {
    const { env, claim } = machine();
    claim('a.db', 7001);
    expect(() => resolveTemporal({ ...env, TEMPORAL_CONFIG_FILE: '/nonexistent.toml' })).toThrow(
      'TEMPORAL_CONFIG_FILE names /nonexistent.toml, which does not exist.',
    );
  });

  test('takes the one `quorate dev` of this user, and refuses to choose between two', () => {
    const { env, claim } = machine();
    expect(() => resolveTemporal(env)).toThrow('No Temporal server is named');
    const release = claim('a.db', 7001);
    expect(resolveTemporal(env)).toMatchObject({
      address: '127.0.0.1:7001',
      source: `quorate dev, pid ${process.pid}`,
    });
    claim('b.db', 7002);
    expect(() => resolveTemporal(env)).toThrow('Several `quorate dev` of yours run.');
    release();
    expect(resolveTemporal(env).address).toBe('127.0.0.1:7002');
  });

  test('an address that nobody answers at is told with where it came from', async () => {
    const { env } = machine();
    const target = resolveTemporal({ ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
    await expect(connectClient(target)).rejects.toMatchObject({
      kind: 'temporal-unreachable',
      evidence: ['address from TEMPORAL_ADDRESS', 'namespace default'],
    });
  });
});

describe('claimDatabase', () => {
  test('refuses a database that a living process holds', () => {
    const { claim } = machine();
    claim('a.db', 7001);
    expect(() => claim('a.db', 7001)).toThrow(new RegExp(`is in use by another .quorate dev. \\(pid ${process.pid},`));
  });

  test.each([
    ['is gone', { pid: 999_999_999 }],
    ['is gone and whose pid is used again', { pid: process.pid, startTime: '1' }],
  ])('takes over from a process that %s', (_what, stale) => {
    const { home, env, claim } = machine();
    claim('a.db', 7001);
    const folder = join(home, 'state', 'quorate', 'dev');
    const [name = ''] = readdirSync(folder);
    const mine = JSON.parse(readFileSync(join(folder, name), 'utf8')) as object;
    writeFileSync(join(folder, name), JSON.stringify({ ...mine, ...stale, address: '127.0.0.1:7009' }));
    expect(runningDevServers(env)).toEqual([]);
    claim('a.db', 7001);
    expect(runningDevServers(env)).toEqual([mine]);
    expect(readdirSync(folder)).toEqual([name]);
  });

  test('a broken claim is no claim', () => {
    const { home, env, claim } = machine();
    claim('a.db', 7001);
    const folder = join(home, 'state', 'quorate', 'dev');
    const [name = ''] = readdirSync(folder);
    writeFileSync(join(folder, name), '{"pid":');
    expect(runningDevServers(env)).toEqual([]);
    claim('a.db', 7001);
    expect(runningDevServers(env)).toHaveLength(1);
  });
});
