import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../../model/failures/operator-error.js';
import { makeRoom, roomText, type FullDisk } from '../../model/full-disk.js';
import { runningDevServers } from './dev-registry.js';

const MiB = 1024 * 1024;

/** Below it SQLite may find no room for a transaction, or for copying its log into the database. */
const leastToWrite = MiB;

/** A new database and its log take 5 MiB before the first operation. */
const leastToStart = 16 * MiB;

/** A file that is there may be a link to another disk. */
const freeBytes = (file: string): number => {
  const { bsize, bavail, bfree } = statfsSync(existsSync(file) ? file : dirname(file));
  // Some file systems keep blocks back for root.
  return bsize * (process.getuid?.() === 0 ? bfree : bavail);
};

/** Whether the disk that a database lies on has no room for what it has to write. */
export const fullDisk = (databaseFile: string): FullDisk | undefined => {
  try {
    const free = freeBytes(databaseFile);
    return free < leastToWrite ? { databaseFile, freeBytes: free } : undefined;
  } catch {
    return undefined;
  }
};

/** The full disk of the `quorate dev` of this user that serves an address, if one does and its disk is full. */
export const fullDiskOfServer = (
  address: string,
  env: Record<string, string | undefined> = process.env,
): FullDisk | undefined => {
  const asListened = address.replace(/^localhost:/, '127.0.0.1:');
  const server = runningDevServers(env).find((one) => one.address === asListened);
  return server === undefined ? undefined : fullDisk(server.databaseFile);
};

/** @throws OperatorError (failed) where a server would find no room for its database; its folder has to exist. */
export const requireRoom = (databaseFile: string): void => {
  const disk: FullDisk = { databaseFile, freeBytes: freeBytes(databaseFile) };
  if (disk.freeBytes >= leastToStart) return;
  throw new OperatorError('failed', "The disk of the Temporal server's database is full.", {
    evidence: [`${roomText(disk)}; ${leastToStart / MiB} MiB are needed`],
    remedy: `${makeRoom(disk)} and start it again, or choose a file on another disk with --db-file.`,
  });
};
