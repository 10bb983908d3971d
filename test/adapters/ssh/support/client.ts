import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHosts, type HostsOptions } from '../../../../adapters/ssh/hosts.js';
import type { Hosts } from '../../../../adapters/ssh/types.js';
import { newKey, type Key } from './server.js';
import { makeFolder } from './sshd.js';

export interface Client {
  readonly folder: string;
  readonly key: Key;
  readonly keyFile: string;
  readonly knownHosts: string;
  readonly configFile: string;
  /** Writes the configuration and the host keys that are known, and makes the hosts of it. */
  hosts(config: string, known: readonly string[], options?: HostsOptions): Hosts;
  cleanUp(): Promise<void>;
}

/** A line of known_hosts for a server on the loopback address. */
export const knownLine = (port: number, key: Key): string => `[127.0.0.1]:${port} ${key.public}`;

export const hostBlock = (name: string, port: number, ...lines: string[]): string =>
  [`Host ${name}`, 'HostName 127.0.0.1', `Port ${port}`, ...lines].join('\n  ') + '\n';

/** The operator's side: a folder with a key, a configuration and known hosts, apart from those of who runs the test. */
export const createClient = (): Client => {
  const folder = makeFolder();
  const key = newKey();
  const keyFile = join(folder, 'id');
  const knownHosts = join(folder, 'known_hosts');
  const configFile = join(folder, 'config');
  writeFileSync(keyFile, key.private, { mode: 0o600 });
  const made: Hosts[] = [];
  return {
    folder,
    key,
    keyFile,
    knownHosts,
    configFile,
    hosts: (config, known, options = {}) => {
      writeFileSync(knownHosts, known.map((line) => `${line}\n`).join(''));
      const shared = `Host *\n  User root\n  IdentityFile ${keyFile}\n  UserKnownHostsFile ${knownHosts}\n  GlobalKnownHostsFile none\n`;
      writeFileSync(configFile, config + shared);
      const hosts = createHosts({ configFile, home: folder, environment: {}, ...options });
      made.push(hosts);
      return hosts;
    },
    cleanUp: async () => {
      await Promise.all(made.map((hosts) => hosts.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
