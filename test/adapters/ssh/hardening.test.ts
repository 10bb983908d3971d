import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHosts } from '../../../adapters/ssh/hosts.js';
import type { QuorateError } from '../../../model/failures/failure.js';
import { eventually } from '../../support/eventually.js';
import { needs } from '../../support/needs.js';
import { greet as greetBy } from './support/greet.js';
import { startAgent } from './support/agent.js';
import { makeKey, opensshServer, type Sshd, startSshd } from './support/sshd.js';

describe('settings that harden, with a real server', needs(...opensshServer), () => {
  let sshd: Sshd;
  const path = (name: string): string => join(sshd.folder, name);
  beforeAll(async () => {
    sshd = await startSshd('LogLevel DEBUG1');
  });
  afterAll(() => sshd.stop());

  const configurationOf = (...lines: string[]): string => {
    const configFile = path('config');
    writeFileSync(
      configFile,
      `Host cp1
  HostName 127.0.0.1
  Port ${sshd.port}
  User root
  ${lines.join('\n  ')}
  UserKnownHostsFile ${sshd.knownHosts}
  GlobalKnownHostsFile none
`,
    );
    return configFile;
  };
  const greet = (...lines: string[]): Promise<string | QuorateError> => greetBy(configurationOf(...lines), sshd.folder);
  const login = (...lines: string[]): Promise<string | QuorateError> => greet(`IdentityFile ${sshd.key}`, ...lines);
  const publicOf = (file: string): string => execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' });

  it.each([
    ['Ciphers', 'aes256-ctr', 'aes256-ctr'],
    ['MACs', 'umac-128@openssh.com,hmac-sha2-512', 'hmac-sha2-512'],
    ['MACs', '-hmac-sha2-256-etm@openssh.com,hmac-sha1*', 'hmac-sha2-512-etm@openssh.com'],
    ['KexAlgorithms', 'sntrup761x25519-sha512@openssh.com,ecdh-sha2-nistp384', 'ecdh-sha2-nistp384'],
    ['KexAlgorithms', '^ecdh-sha2-nistp521', 'ecdh-sha2-nistp521'],
    ['HostKeyAlgorithms', 'ssh-rsa,rsa-sha2-256', 'rsa-sha2-256'],
  ])('S10: %s %s is what is used', async (keyword, value, used) => {
    writeFileSync(path('known_rsa'), `[127.0.0.1]:${sshd.port} ${publicOf(path('host_rsa'))}`);
    const before = sshd.log().length;
    const lines = [`${keyword} ${value}`, `UserKnownHostsFile ${path('known_rsa')} ${sshd.knownHosts}`];
    if (keyword === 'MACs') lines.push('Ciphers aes128-ctr');
    expect(await login(...lines)).toBe('in\n');
    expect(sshd.log().slice(before)).toMatch(new RegExp(`kex: .*${used}`));
  });

  it('S10: what the host does not offer is not used in its stead, and the line is named', async () => {
    const outcome = await login('Ciphers aes256-cbc');
    expect(outcome).toMatchObject({ type: 'HostUnsuitable' });
    expect((outcome as QuorateError).details.evidence.join('\n')).toMatch(/config line \d+: ciphers aes256-cbc/);
  });

  it('S10: a host key of RevokedHostKeys is refused though known_hosts has it', async () => {
    const revoked = path('revoked');
    writeFileSync(revoked, `# lost\n\n${publicOf(makeKey(path('other')))}${publicOf(path('host_ed25519'))}`);
    const outcome = await login(`RevokedHostKeys ${revoked}`);
    expect(outcome).toMatchObject({ type: 'HostKeyMismatch' });
    expect((outcome as QuorateError).message).toContain('revoked host key');
    expect((outcome as QuorateError).details.remedy).toContain(`${revoked}:4`);
    writeFileSync(revoked, publicOf(path('other')));
    expect(await login(`RevokedHostKeys ${revoked}`)).toBe('in\n');
    expect(await login('RevokedHostKeys none')).toBe('in\n');
  });

  it('S10: a revocation list that cannot be read, or is binary, or holds what is no key, is refused', async () => {
    const krl = path('krl');
    execFileSync('ssh-keygen', ['-q', '-k', '-f', krl, `${path('host_ed25519')}.pub`]);
    const refusal = async (file: string): Promise<string> => {
      const outcome = await login(`RevokedHostKeys ${file}`);
      expect(outcome).toMatchObject({ type: 'InvalidSpecification' });
      const { message, details } = outcome as QuorateError;
      return `${message}; ${details.remedy}`;
    };
    expect(await refusal(krl)).toMatch(/config line \d+, "revokedhostkeys .*binary revocation list.*public keys/);
    expect(await refusal(path('missing'))).toContain('cannot be read');
    writeFileSync(path('odd'), 'SHA256:abc\n');
    expect(await refusal(path('odd'))).toContain(`${path('odd')} line 1 is no public key`);
  });

  it('S10: a private key that others may read is not used, as with ssh, unless the agent holds it', async () => {
    const key = makeKey(path('open'));
    appendFileSync(path('authorized_keys'), publicOf(key));
    for (const mode of [0o644, 0o640, 0o604, 0o610]) {
      chmodSync(key, mode);
      const outcome = await greet(`IdentityFile ${key}`, 'IdentityAgent none');
      expect(outcome).toMatchObject({ type: 'AuthenticationFailed' });
      const { evidence, remedy } = (outcome as QuorateError).details;
      expect(evidence.join('\n')).toContain(`${key}: UNPROTECTED PRIVATE KEY FILE`);
      expect(remedy).toContain(`chmod 600 ${key}`);
    }
    chmodSync(key, 0o600);
    expect(await greet(`IdentityFile ${key}`)).toBe('in\n');
    const agent = await startAgent(path('agent'));
    try {
      agent.add(key);
      chmodSync(key, 0o644);
      expect(await greet(`IdentityFile ${key}`, `IdentityAgent ${agent.socket}`, 'IdentitiesOnly yes')).toBe('in\n');
    } finally {
      agent.stop();
    }
  });

  it('S10: RequiredRSASize, of the host and of the user', async () => {
    const rsa = path('rsa');
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', rsa]);
    appendFileSync(path('authorized_keys'), publicOf(rsa));
    expect(await greet(`IdentityFile ${rsa}`, 'RequiredRSASize 2048')).toBe('in\n');
    const user = await greet(`IdentityFile ${rsa}`, 'RequiredRSASize 2049');
    expect(user).toMatchObject({ type: 'AuthenticationFailed' });
    expect((user as QuorateError).details.evidence.join('\n')).toContain('an RSA key of 2048 bits');
    writeFileSync(path('known_rsa'), `[127.0.0.1]:${sshd.port} ${publicOf(path('host_rsa'))}`);
    const by = (size: number): Promise<string | QuorateError> =>
      login(`UserKnownHostsFile ${path('known_rsa')}`, 'HostKeyAlgorithms rsa-sha2-512', `RequiredRSASize ${size}`);
    expect(await by(2048)).toBe('in\n');
    expect(await by(3072)).toMatchObject({
      type: 'HostUnsuitable',
      message: expect.stringContaining('RSA host key of 2048 bits'),
    });
  });

  it('S10: PubkeyAcceptedAlgorithms keeps keys back', async () => {
    expect(await login('PubkeyAcceptedAlgorithms ssh-ed25519')).toBe('in\n');
    const outcome = await login('PubkeyAcceptedKeyTypes -ssh-ed25519');
    expect(outcome).toMatchObject({ type: 'AuthenticationFailed' });
    expect((outcome as QuorateError).details.evidence.join('\n')).toContain('PubkeyAcceptedAlgorithms');
    const rsa = path('rsa512');
    execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', rsa]);
    appendFileSync(path('authorized_keys'), publicOf(rsa));
    expect(await greet(`IdentityFile ${rsa}`, 'PubkeyAcceptedAlgorithms rsa-sha2-256')).toBe('in\n');
    const other = await greet(`IdentityFile ${rsa}`, 'PubkeyAcceptedAlgorithms rsa-sha2-512');
    expect(other).toMatchObject({ type: 'AuthenticationFailed' });
    expect((other as QuorateError).details.evidence.join('\n')).toContain('a signature by sha256');
  });

  it.each(['RekeyLimit default 1s', 'RekeyLimit 64K'])('S10: %s renews the keys while commands run', async (line) => {
    const before = sshd.log().length;
    const configFile = configurationOf(`IdentityFile ${sshd.key}`, line);
    const hosts = createHosts({ configFile, environment: {}, home: sshd.folder });
    try {
      const text = 'x'.repeat(3000);
      const script = `for i in $(seq 90); do echo ${text}; sleep 0.03; done; wc -c`;
      const outcomes = await Promise.all(
        [1, 2].map(() => hosts.host('cp1').run(script, { stdin: 'y'.repeat(200_000), maxOutputBytes: 1_000_000 })),
      );
      for (const { end, stdout } of outcomes) {
        expect(end).toEqual({ kind: 'exited', code: 0 });
        expect(stdout.trimEnd()).toBe(`${`${text}\n`.repeat(90)}200000`);
      }
      const renewals = (): number => sshd.log().slice(before).split('SSH2_MSG_KEXINIT received').length - 2;
      await eventually(renewals).toBeGreaterThan(1);
    } finally {
      await hosts.close();
    }
  });

  it('S10: what cannot be followed is refused: CheckHostIP yes, ProxyUseFdpass yes', async () => {
    const checks = await login('CheckHostIP yes');
    expect(checks).toMatchObject({
      type: 'InvalidSpecification',
      message: expect.stringContaining('"checkhostip yes"'),
    });
    expect(await login('CheckHostIP no')).toBe('in\n');
    const passes = await login('ProxyUseFdpass yes', 'ProxyCommand nc -F %h %p');
    expect(passes).toMatchObject({ type: 'InvalidSpecification' });
    expect(await login('ProxyUseFdpass yes')).toBe('in\n');
  });

  it('S10: a line of algorithms that leaves none is refused, by its place', async () => {
    const outcome = await login('MACs umac-128-etm@openssh.com');
    expect(outcome).toMatchObject({
      type: 'InvalidSpecification',
      message: expect.stringMatching(/config line \d+, "macs umac-128-etm@openssh.com": it leaves no algorithm/),
    });
    expect(readFileSync(path('config'), 'utf8')).toContain('MACs');
  });
});
