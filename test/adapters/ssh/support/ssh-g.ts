import { spawnSync } from 'node:child_process';
import { part } from '../../../support/needs.js';

const version = (): readonly [number, number] | undefined => {
  const { stderr, status } = spawnSync('ssh', ['-V'], { encoding: 'utf8' });
  const [, major, minor] = /OpenSSH_(\d+)\.(\d+)/.exec(status === 0 ? stderr : '') ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
};

/** The client on this machine, as its major and minor version; absent when there is none. */
const sshVersion = version();

/** The real `ssh`. */
export const opensshClient = part('ssh', sshVersion !== undefined);

export const isBefore = (major: number, minor: number): boolean => {
  const [ownMajor = 0, ownMinor = 0] = sshVersion ?? [];
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
};

/** `ProxyJump none` does not stand for ProxyCommand too: OpenSSH 10.3, and older ones that were mended. */
export const leavesProxyCommand: boolean = spawnSync(
  'ssh',
  ['-G', '-F', '/dev/null', '-o', 'ProxyJump=none', '-o', 'ProxyCommand=command', 'host'],
  { encoding: 'utf8' },
).stdout?.includes('\nproxycommand command\n');

export interface Printed {
  /** By keyword; empty when the configuration is refused. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** What it said when it refused the configuration. */
  readonly refusal?: string;
}

/** What the real ssh makes of a configuration file for a host. */
export const sshG = (configFile: string, host: string, environment: Record<string, string> = {}): Printed => {
  const { status, stdout, stderr } = spawnSync('ssh', ['-G', '-F', configFile, host], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...environment },
    timeout: 20_000,
  });
  const values = new Map<string, string[]>();
  if (status !== 0) return { values, refusal: stderr.trim() };
  for (const line of stdout.split('\n')) {
    const [, key, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, [...(values.get(key) ?? []), value]);
  }
  return { values };
};
