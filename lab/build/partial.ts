// Things that are made aside and then moved into place, whole or not at all.
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { startTimeOf } from '../ownership.js';

/**
 * Makes a file or folder unless it is there: `make` works on another path beside it. Two processes may do so at the same
 * time; the first one wins. What a process that died half-way has left beside it is removed.
 */
export async function makeOnce(path: string, make: (partial: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true });
  await removeStale(dirname(path));
  const partial = `${path}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  try {
    await make(partial);
    await rename(partial, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /\.partial-(\d+)$/.exec(basename(name))?.[1];
    if (pid !== undefined && startTimeOf(Number(pid)) === undefined) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}
