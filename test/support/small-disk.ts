import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { part, type Part } from './needs.js';
import { temporaryFolder } from './temporary-folder.js';

const mount = (folder: string, megabytes: number): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]).status === 0;

/** A disk of a few megabytes; `test/support/needs.ts` says where it is missing. */
export const smallDisks = (): Part => {
  const mayMount = process.platform === 'linux' && process.getuid?.() === 0;
  // In containers root may not. What is mounted in a namespace of its own goes with it.
  const probe = (): boolean => spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
  return part('mounting a tmpfs', mayMount && probe(), 'run the tests as root on Linux');
};

/** A disk of its own that can be filled to the last byte; it is unmounted with the test, so whoever uses it ends first. */
export const smallDisk = (megabytes: number) => {
  const folder = temporaryFolder();
  if (!mount(folder, megabytes)) throw new Error(`no tmpfs could be mounted on ${folder}`);
  // Lazily: a process that the test could not end must not keep it.
  onTestFinished(() => void spawnSync('umount', ['--lazy', folder]));
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => {
      const file = openSync(filler, 'a');
      const block = Buffer.alloc(4096);
      try {
        for (;;) writeSync(file, block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    clear: () => rmSync(filler, { force: true }),
  };
};
