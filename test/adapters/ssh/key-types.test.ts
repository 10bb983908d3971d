import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QuorateError } from '../../../model/failures/failure.js';
import { needs } from '../../support/needs.js';
import { greet as greetBy } from './support/greet.js';
import { startAgent, type Agent } from './support/agent.js';
import { makeKey, opensshServer, type Sshd, startSshd } from './support/sshd.js';

describe('keys of each kind, with a real agent and server', needs(...opensshServer), () => {
  let sshd: Sshd;
  let agent: Agent;
  const path = (name: string): string => join(sshd.folder, name);
  beforeAll(async () => {
    sshd = await startSshd();
    agent = await startAgent(path('agent'));
  });
  afterAll(async () => {
    agent.stop();
    await sshd.stop();
  });

  const login = async (...lines: string[]): Promise<string | QuorateError> => {
    const configFile = path('config');
    writeFileSync(
      configFile,
      `Host cp1
  HostName 127.0.0.1
  Port ${sshd.port}
  User root
  UserKnownHostsFile ${sshd.knownHosts}
  ${lines.join('\n  ')}
`,
    );
    return greetBy(configFile, sshd.folder);
  };

  for (const type of ['ed25519', 'ecdsa', 'rsa']) {
    it(`R23: ${type}, of a file and of the agent`, async () => {
      const file = path(`by-${type}`);
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
      appendFileSync(path('authorized_keys'), readFileSync(`${file}.pub`));
      expect(await login(`IdentityFile ${file}`, 'IdentityAgent none')).toBe('in\n');
      agent.add(file);
      expect(await login(`IdentityFile ${file}.pub`, `IdentityAgent ${agent.socket}`, 'IdentitiesOnly yes')).toBe(
        'in\n',
      );
    });
  }

  it('R23: a certificate is not offered, and that is said: beside the key file, as IdentityFile, and in the agent', async () => {
    const [authority, key] = [makeKey(path('authority')), makeKey(path('certified'))];
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'operator', '-n', 'root', `${key}.pub`], {
      stdio: 'ignore',
    });
    agent.add(key);
    const failureOf = async (...lines: string[]): Promise<QuorateError['details']> => {
      const outcome = await login(...lines);
      expect(outcome).toMatchObject({ type: 'AuthenticationFailed' });
      return (outcome as QuorateError).details;
    };
    const beside = await failureOf(`IdentityFile ${key}`, 'IdentityAgent none');
    expect(beside.evidence).toContain(
      `${key}-cert.pub: OpenSSH certificates are not supported: authorize the key itself`,
    );
    const alone = path('alone');
    copyFileSync(`${key}-cert.pub`, `${alone}.pub`);
    const named = await failureOf(`IdentityFile ${alone}.pub`, `IdentityAgent ${agent.socket}`, 'IdentitiesOnly yes');
    expect(named.evidence.join('\n')).toMatch(/SSH agent: .*\(.*alone\.pub\): OpenSSH certificates are not supported/);
  });

  it('R23: a FIDO key is named as such', async () => {
    const file = path('fido.pub');
    const blob = Buffer.concat(
      ['sk-ssh-ed25519@openssh.com', '0'.repeat(32), 'ssh:'].flatMap((text) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(text.length);
        return [length, Buffer.from(text)];
      }),
    );
    writeFileSync(file, `sk-ssh-ed25519@openssh.com ${blob.toString('base64')} token\n`);
    const outcome = await login(`IdentityFile ${file}`, 'IdentityAgent none');
    expect(outcome).toMatchObject({ type: 'AuthenticationFailed' });
    expect((outcome as QuorateError).details.evidence).toContain(`${file}: is a FIDO key, which is not supported`);
  });

  it('R23: an agent that does not answer stands in the way of no file', async () => {
    expect(await login(`IdentityFile ${sshd.key}`, `IdentityAgent ${path('authorized_keys')}`)).toBe('in\n');
    const outcome = await login(`IdentityFile ${path('nothing')}`, `IdentityAgent ${path('authorized_keys')}`);
    expect((outcome as QuorateError).details.evidence.join('\n')).toMatch(
      /SSH agent .*authorized_keys: .*(ECONNREFUSED|ENOTSOCK)/,
    );
  });
});
