// The OpenSSH client's view of simulated hosts: a configuration file, the key to log in with, and the hosts' keys.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SshKeyPair } from './keys.js';

export interface SshEndpoint {
  readonly name: string;
  /** Port of loopback on which the host's sshd listens. */
  readonly port: number;
  readonly publicKey: string;
}

export interface ClientFiles {
  readonly sshConfigFile: string;
  readonly knownHostsFile: string;
  readonly identityFile: string;
}

const word = (path: string): string => (/\s/.test(path) ? `"${path}"` : path);

/** Writes them into a folder, which is made when it is not there. */
export const writeClientFiles = async (
  folder: string,
  key: SshKeyPair,
  hosts: readonly SshEndpoint[],
  user: string,
): Promise<ClientFiles> => {
  const files = {
    sshConfigFile: join(folder, 'ssh_config'),
    knownHostsFile: join(folder, 'known_hosts'),
    identityFile: join(folder, 'id_ed25519'),
  };
  // Not hashed: who looks for one of thousands would have to hash each time.
  const known = hosts.map(({ port, publicKey }) => {
    const [type, blob] = publicKey.trim().split(/\s+/);
    return `[127.0.0.1]:${port} ${type} ${blob}\n`;
  });
  const blocks = hosts.map(({ name, port }) => `Host ${name}\n  Port ${port}\n`);
  const common = [
    'Host *',
    '  HostName 127.0.0.1',
    `  User ${user}`,
    `  IdentityFile ${word(files.identityFile)}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${word(files.knownHostsFile)}`,
    '  StrictHostKeyChecking yes',
    '',
  ];
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await Promise.all([
    writeFile(files.identityFile, key.privateKey, { mode: 0o600 }),
    writeFile(`${files.identityFile}.pub`, `${key.publicKey}\n`),
    writeFile(files.knownHostsFile, known.join('')),
    writeFile(files.sshConfigFile, `# Simulated hosts\n\n${blocks.join('\n')}\n${common.join('\n')}`),
  ]);
  return files;
};
