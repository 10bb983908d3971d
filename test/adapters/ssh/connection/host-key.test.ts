import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { resolveHost } from '../../../../adapters/ssh/config/client-config.js';
import {
  createHostKeyCheck,
  fingerprint,
  strictVerifier,
  type HostKeyVerifier,
} from '../../../../adapters/ssh/connection/host-key.js';
import { newKey, startServer, type Key, type TestServer } from '../support/server.js';
import { makeFolder } from '../support/sshd.js';

const folder = makeFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const blob = (key: Key): Buffer => Buffer.from(key.public.split(' ')[1] ?? '', 'base64');

const checkOf = async (known: readonly string[], config = '') => {
  const knownHosts = join(folder, 'known_hosts');
  const configFile = join(folder, 'config');
  writeFileSync(knownHosts, known.map((line) => `${line}\n`).join(''));
  writeFileSync(configFile, `${config}\nUserKnownHostsFile ${knownHosts}\nGlobalKnownHostsFile none\n`);
  return createHostKeyCheck(await resolveHost({ name: 'cp1' }, { configFile, home: folder, environment: {} }));
};

describe('fingerprint', () => {
  it("is ssh-keygen's", () => {
    const key = newKey();
    const file = join(folder, 'key.pub');
    writeFileSync(file, key.public);
    expect(execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' })).toContain(fingerprint(blob(key)));
  });
});

describe('createHostKeyCheck', () => {
  const key = newKey();

  it('accepts a known key, and no other', async () => {
    const check = await checkOf([`cp1 ${key.public}`]);
    expect(check.verify(blob(key))).toBe(true);
    expect(check.refusal()).toBeUndefined();
    expect(check.verify(blob(newKey()))).toBe(false);
    expect(check.refusal()?.type).toBe('HostKeyMismatch');
  });

  it('does not take the name of another host, nor an authority, for the host', async () => {
    const check = await checkOf([`cp2 ${key.public}`, `@cert-authority cp1 ${key.public}`]);
    expect(check.verify(blob(key))).toBe(false);
    expect(check.refusal()?.type).toBe('HostKeyUnknown');
  });

  it('refuses a revoked key though it is known', async () => {
    const check = await checkOf([`cp1 ${key.public}`, `@revoked * ${key.public}`]);
    expect(check.verify(blob(key))).toBe(false);
    expect(check.refusal()?.message).toContain('revoked host key');
    expect(check.refusal()?.details.remedy).toContain('known_hosts:2');
  });

  it('S10: refuses a key of RevokedHostKeys though it is known', async () => {
    const revoked = join(folder, 'revoked');
    writeFileSync(revoked, `# lost\n${newKey().public}\n${key.public} a comment\n`);
    const check = await checkOf([`cp1 ${key.public}`], `RevokedHostKeys ${revoked}`);
    expect(check.verify(blob(key))).toBe(false);
    expect(check.refusal()?.details.remedy).toContain(`${revoked}:3`);
  });

  it('looks an alias up, without the port', async () => {
    const check = await checkOf([`alias ${key.public}`], 'HostKeyAlias alias\nPort 2222');
    expect(check.verify(blob(key))).toBe(true);
  });

  it('says that StrictHostKeyChecking no is not honoured', async () => {
    const check = await checkOf([], 'StrictHostKeyChecking no');
    expect(check.verify(blob(key))).toBe(false);
    expect(check.refusal()?.details.evidence.join('\n')).toContain('verifies host keys all the same');
  });

  it('asks for the types that are known first, and never for SHA-1', async () => {
    const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
    expect((await checkOf([`cp1 ${rsa.public}`])).algorithms.slice(0, 3)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
    expect((await checkOf([`cp1 ${key.public}`])).algorithms[0]).toBe('ssh-ed25519');
    expect((await checkOf([`cp1 ${rsa.public}`])).algorithms).not.toContain('ssh-rsa');
  });
});

describe('strictVerifier', () => {
  let server: TestServer | undefined;
  afterEach(() => server?.stop());

  /** Whether the SSH library goes on with the login. */
  const isAccepted = async (hostVerifier: HostKeyVerifier): Promise<boolean> => {
    server = await startServer();
    const { port } = server;
    return new Promise((resolve) => {
      const client = new ssh2.Client();
      const settle = (accepted: boolean) => (): void => {
        client.end();
        resolve(accepted);
      };
      client.on('ready', settle(true)).on('error', settle(false));
      client.connect({ host: '127.0.0.1', port, username: 'x', privateKey: newKey().private, hostVerifier });
    });
  };

  const promised = (() => Promise.resolve(false)) as unknown as HostKeyVerifier;

  it('cannot be given a verifier that promises', () => {
    // @ts-expect-error a Promise is no boolean
    const verifier = strictVerifier(async () => true);
    expect(verifier(Buffer.alloc(0))).toBe(false);
  });

  it('refuses what the library would accept: a Promise of false', async () => {
    expect(await isAccepted(promised)).toBe(true);
    await server?.stop();
    expect(await isAccepted(strictVerifier(promised))).toBe(false);
  });

  it('refuses when the verifier throws', async () => {
    const throwing = strictVerifier(() => {
      throw new Error('no');
    });
    expect(await isAccepted(throwing)).toBe(false);
  });

  it('accepts true', async () => {
    expect(await isAccepted(strictVerifier(() => true))).toBe(true);
  });
});
