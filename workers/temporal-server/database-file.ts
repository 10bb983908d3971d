import { lstatSync, rmSync } from 'node:fs';
import { fullDisk } from '../../api/connection/database-disk.js';
import { makeRoom, roomText } from '../../model/full-disk.js';

/** Of a link, the link's own: it is not empty. */
const sizeOf = (file: string): number => lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Removes a database without a byte in it or in its log, which a start on a full disk has left: the server takes any
 * file for a database that it has set up, and would end with "no such table".
 */
export const removeEmpty = (databaseFile: string): void => {
  if (sizeOf(databaseFile) === 0 && sizeOf(`${databaseFile}-wal`) === 0) rmSync(databaseFile, { force: true });
};

/**
 * Says when the disk of the database is full, and when it has room again: the server itself goes on, and says so in a
 * log that may be on the same disk.
 *
 * @param everyMs default 5 000.
 * @returns a function that ends it.
 */
export const watchDisk = (databaseFile: string, say: (line: string) => void, everyMs = 5_000): (() => void) => {
  let wasFull = false;
  const timer = setInterval(() => {
    const disk = fullDisk(databaseFile);
    if (disk !== undefined && !wasFull) {
      say(
        `the disk of the Temporal server's database is full: ${roomText(disk)}; nothing is begun or goes on meanwhile. ${makeRoom(disk)}`,
      );
    }
    if (disk === undefined && wasFull) say("the disk of the Temporal server's database has room again");
    wasFull = disk !== undefined;
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
};
