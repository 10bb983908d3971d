import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { allowedAlgorithms } from '../../../../adapters/ssh/config/algorithms.js';
import { parseLine } from '../../../../adapters/ssh/config/line.js';
import { takeLine, type Settings } from '../../../../adapters/ssh/config/settings.js';
import { needs } from '../../../support/needs.js';
import { opensshClient } from '../support/ssh-g.js';

const allowed = (...lines: string[]) => {
  const settings: Settings = new Map();
  for (const [index, text] of lines.entries()) {
    const line = parseLine(text, '/config', index + 1);
    if (line !== undefined) takeLine(line, true, settings, {});
  }
  return allowedAlgorithms(settings);
};

const usualMacs = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha1-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
  'hmac-sha1',
];

describe('allowedAlgorithms', () => {
  it.each([
    ['hmac-sha2-512,umac-64@openssh.com,hmac-sha2-256', ['hmac-sha2-512', 'hmac-sha2-256']],
    ['-*sha1*,hmac-sha2-256', [usualMacs[0], usualMacs[1], usualMacs[4]]],
    ['+hmac-md5,hmac-sha1', [...usualMacs, 'hmac-md5']],
    ['^hmac-sha2-512,unknown', ['hmac-sha2-512', ...usualMacs.filter((name) => name !== 'hmac-sha2-512')]],
    ['-nothing', usualMacs],
  ])('S10: MACs %s', (value, expected) => {
    expect(allowed(`MACs ${value}`).mac).toEqual(expected);
  });

  it.each(['-*', 'umac-64@openssh.com', 'aes*', '^'])('S10: MACs %s leaves none, and is refused', (value) => {
    expect(() => allowed(`Port 22`, `MACs ${value}`)).toThrow(/\/config line 2, "macs/);
  });

  it('S10: the first line counts, and says where it is', () => {
    const { cipher, said, kex } = allowed(
      'Ciphers aes128-ctr',
      'Ciphers aes256-ctr',
      'PubkeyAcceptedKeyTypes ssh-ed25519',
    );
    expect(cipher).toEqual(['aes128-ctr']);
    expect(kex).toBeUndefined();
    expect(said).toEqual(['/config line 1: ciphers aes128-ctr', '/config line 3: pubkeyacceptedkeytypes ssh-ed25519']);
  });

  it('S10: SHA-1 signatures of hosts are accepted by no setting', () => {
    expect(allowed('HostKeyAlgorithms +ssh-rsa').hostKey).not.toContain('ssh-rsa');
    expect(() => allowed('HostKeyAlgorithms ssh-rsa')).toThrow('leaves no algorithm');
    expect(allowed('PubkeyAcceptedAlgorithms +ssh-rsa').userKey).toContain('ssh-rsa');
    expect(allowed('PubkeyAcceptedAlgorithms -ssh-ed25519').userKey).not.toContain('ssh-rsa');
  });

  it('S10: only an order that was given goes before the known keys', () => {
    expect(allowed().hostKeyOrdered).toBe(false);
    expect(allowed('HostKeyAlgorithms rsa-sha2-512').hostKeyOrdered).toBe(true);
    expect(allowed('HostKeyAlgorithms ^rsa-sha2-512').hostKeyOrdered).toBe(true);
    expect(allowed('HostKeyAlgorithms -rsa-sha2-512').hostKeyOrdered).toBe(false);
  });

  it('S10: prefixes mean what they mean to ssh', needs(opensshClient), () => {
    const ofSsh = (value: string): readonly string[] => {
      const printed = execFileSync('ssh', ['-G', '-F', '/dev/null', '-o', `MACs=${value}`, 'host'], {
        encoding: 'utf8',
      });
      return (/^macs (.*)$/m.exec(printed)?.[1] ?? '').split(',').filter((name) => usualMacs.includes(name));
    };
    for (const value of ['-*sha1*', '-hmac-sha2-256', '+hmac-md5', '^hmac-sha2-512', 'hmac-sha2-512,hmac-sha2-256']) {
      expect(
        allowed(`MACs ${value}`).mac?.filter((name) => usualMacs.includes(name)),
        value,
      ).toEqual(ofSsh(value));
    }
  });
});
