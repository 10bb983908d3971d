// The OpenSSH client's view of a lab: a configuration file and the hosts' real keys.
import { createHmac, randomBytes } from 'node:crypto';

export interface SshHost {
  name: string;
  address: string;
  /** As in ssh_host_ed25519_key.pub: type, key, maybe a comment. */
  publicKey: string;
}

export interface SshConfigOptions {
  lab: string;
  identityFile: string;
  knownHostsFile: string;
  /** Network namespace from which the hosts can be reached. */
  switchNamespace: string;
}

export function renderSshConfig(options: SshConfigOptions, hosts: readonly SshHost[]): string {
  const blocks = hosts.map((host) =>
    [
      `Host ${host.name}`,
      `  HostName ${host.address}`,
      '  User ops',
      '  Port 22',
      `  IdentityFile ${word(options.identityFile)}`,
      '  IdentitiesOnly yes',
      `  UserKnownHostsFile ${word(options.knownHostsFile)}`,
      '  StrictHostKeyChecking yes',
      `  ProxyCommand ip netns exec ${options.switchNamespace} busybox nc %h %p`,
    ].join('\n'),
  );
  return [
    `# Hosts of the lab "${options.lab}". They live in network namespaces of their own, which only root may enter.`,
    ...blocks,
    '',
  ].join('\n\n');
}

/** Every host by name and by address, hashed as `HashKnownHosts yes` writes them. */
export function renderKnownHosts(hosts: readonly SshHost[], salt: () => Buffer = () => randomBytes(20)): string {
  return hosts
    .flatMap((host) => {
      const [type, key] = host.publicKey.trim().split(/\s+/);
      return [host.name, host.address].map((name) => `${hashHost(name, salt())} ${type} ${key}\n`);
    })
    .join('');
}

function hashHost(name: string, salt: Buffer): string {
  const hash = createHmac('sha1', salt).update(name).digest('base64');
  return `|1|${salt.toString('base64')}|${hash}`;
}

const word = (path: string): string => (/\s/.test(path) ? `"${path}"` : path);
