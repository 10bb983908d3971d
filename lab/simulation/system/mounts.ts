import type { Machine } from './machine.js';

export interface Mount {
  readonly device: string;
  readonly path: string;
  readonly type: string;
}

const fixed = [
  ['/dev/vda1', '/', 'ext4'],
  ['proc', '/proc', 'proc'],
  ['sysfs', '/sys', 'sysfs'],
  ['tmpfs', '/run', 'tmpfs'],
  ['tmpfs', '/tmp', 'tmpfs'],
] as const;

/** What is mounted besides the file systems that every host has. */
export class Mounts {
  readonly #mounts: Mount[] = [];

  constructor(private readonly machine: Machine) {}

  add(path: string, options: { type?: string; device?: string } = {}): void {
    const { type = 'tmpfs', device = 'tmpfs' } = options;
    if (!this.machine.files.exists(path)) this.machine.files.makeDirectories(path);
    this.#mounts.push({ device, path, type });
  }

  all(): readonly Mount[] {
    return this.#mounts;
  }

  isBusyBelow(path: string): boolean {
    return this.#mounts.some((mount) => mount.path === path || mount.path.startsWith(`${path}/`));
  }

  /** A process is in it: it can only be detached. */
  #isHeld(path: string): boolean {
    return this.machine.processes.all().some(({ directory }) => directory === path || directory.startsWith(`${path}/`));
  }

  /** What `umount` does: `detach` is lazy. */
  remove(path: string, detach: boolean): 'done' | 'busy' | 'not mounted' {
    const at = this.#mounts.findLastIndex((mount) => mount.path === path);
    const mount = this.#mounts[at];
    if (mount === undefined) return 'not mounted';
    if (!detach && this.#isHeld(path)) return 'busy';
    this.#mounts.splice(at, 1);
    return 'done';
  }

  clear(): void {
    this.#mounts.length = 0;
  }

  /** /proc/mounts. */
  text(): string {
    const lines = [...fixed.map(([device, path, type]) => ({ device, path, type })), ...this.#mounts].map(
      ({ device, path, type }) => `${device} ${escapeBlanks(path)} ${type} rw,relatime 0 0\n`,
    );
    return lines.join('');
  }
}

const escapeBlanks = (path: string): string => path.replaceAll(' ', '\\040').replaceAll('\t', '\\011');
