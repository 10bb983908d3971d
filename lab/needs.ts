// What the machine must have before a lab can be built; everything that is missing is told at once, with its remedy.
import { readFileSync, writeFileSync } from 'node:fs';
import { hasControlGroupsV1 } from './control-groups.js';
import { installCommand, isInstalled } from './build/debian-packages.js';
import type { Progress } from './progress.js';
import { coredns, GO_VERSION_NEEDED, isCached, labkube } from './build/programs.js';
import { run } from './shell.js';
import { versionOf, type HostOptions } from './topology.js';

/** Debian package → a program it brings. */
const PACKAGES: Record<string, string> = {
  mmdebstrap: 'mmdebstrap',
  'systemd-container': 'systemd-nspawn',
  'busybox-static': 'busybox',
  nftables: 'nft',
  iproute2: 'ip',
  'openssh-client': 'ssh',
  e2fsprogs: 'mkfs.ext4',
  'xz-utils': 'xz',
  perl: 'perl',
};
/** The pause program is compiled against the static C library. */
const COMPILER = { gcc: 'gcc', 'libc6-dev': '/usr/lib/x86_64-linux-gnu/libc.a' };
const INOTIFY_INSTANCES = 1024;
const INOTIFY_LIMIT = '/proc/sys/fs/inotify/max_user_instances';

export interface Needs {
  root: boolean;
  controlGroupsV1: boolean;
  /** Debian packages that are missing. */
  packages: readonly string[];
  /** Programs that must be built although there is no Go, and what there is instead. */
  go: { programs: readonly string[]; found: string | undefined } | undefined;
}

/** Something is missing on the machine. `packages` can be installed; the rest is for whoever runs the lab. */
export class NeedsError extends Error {
  constructor(readonly needs: Needs) {
    super(describeNeeds(needs));
    this.name = 'NeedsError';
  }
}

export async function checkNeeds(hosts: readonly HostOptions[]): Promise<void> {
  const needs = await findNeeds(hosts);
  const complete = needs.root && needs.controlGroupsV1 && needs.packages.length === 0 && needs.go === undefined;
  if (!complete) throw new NeedsError(needs);
}

export async function findNeeds(hosts: readonly HostOptions[]): Promise<Needs> {
  const versions = new Set(hosts.map(versionOf).filter((version) => version !== undefined));
  const programs = [...versions].map(labkube);
  if (programs.length > 0) programs.push(coredns());
  const wanted = versions.size > 0 ? { ...PACKAGES, ...COMPILER } : PACKAGES;
  return {
    root: process.getuid?.() === 0,
    controlGroupsV1: hasControlGroupsV1(),
    packages: Object.entries(wanted).flatMap(([name, program]) => (isInstalled(program) ? [] : [name])),
    go: await missingGo(programs.filter((program) => !isCached(program)).map((program) => program.name)),
  };
}

export function describeNeeds(needs: Needs): string {
  const lines: string[] = [];
  if (!needs.root) {
    lines.push(
      'root: the lab makes network namespaces, mounts and containers. Run the same command as root: sudo -E ...',
    );
  }
  if (!needs.controlGroupsV1) {
    lines.push(
      'control groups v1 (freezer, cpu, memory ... below /sys/fs/cgroup): boot the machine with systemd.unified_cgroup_hierarchy=0',
    );
  }
  if (needs.packages.length > 0) {
    lines.push(`Debian packages ${needs.packages.join(', ')}: ${installCommand(needs.packages)}`);
  }
  if (needs.go !== undefined) {
    const found = needs.go.found === undefined ? '' : ` (this is ${needs.go.found})`;
    lines.push(
      `Go ${GO_VERSION_NEEDED} or newer${found}, to build ${needs.go.programs.join(', ')}: install it from https://go.dev/dl/, ` +
        'or set QUORATE_LAB_CACHE to a folder with these programs as .xz archives and their SHA256SUMS',
    );
  }
  return ['The lab needs what this machine does not have:', ...lines.map((line) => `  * ${line}`)].join('\n');
}

/** Every host takes some 10 of these, and they are counted for the whole machine. */
export async function raiseInotifyLimit(progress: Progress): Promise<void> {
  const current = Number(readFileSync(INOTIFY_LIMIT, 'utf8'));
  if (current >= INOTIFY_INSTANCES) return;
  writeFileSync(INOTIFY_LIMIT, String(INOTIFY_INSTANCES));
  progress(`raised fs.inotify.max_user_instances of this machine from ${current} to ${INOTIFY_INSTANCES}`);
}

async function missingGo(programs: readonly string[]): Promise<Needs['go']> {
  if (programs.length === 0) return undefined;
  const version = isInstalled('go') ? (await run('go', ['env', 'GOVERSION'])).stdout.trim() : undefined;
  const [major, minor] = (version ?? '').replace(/^go/, '').split('.').map(Number);
  const [neededMajor, neededMinor] = GO_VERSION_NEEDED.split('.').map(Number);
  const enough =
    major !== undefined &&
    minor !== undefined &&
    (major > (neededMajor ?? 0) || (major === neededMajor && minor >= (neededMinor ?? 0)));
  return enough ? undefined : { programs, found: version };
}
