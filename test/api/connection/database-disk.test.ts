import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { claimDatabase } from '../../../api/connection/dev-registry.js';
import { fullDisk, fullDiskOfServer, requireRoom } from '../../../api/connection/database-disk.js';
import { needs } from '../../support/needs.js';
import { smallDisk, smallDisks } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('S16: the disk of a database', () => {
  test('with room is not told of', () => {
    const file = join(temporaryFolder(), 'temporal.db');
    requireRoom(file);
    expect(fullDisk(file)).toBeUndefined();
    expect(fullDisk(join(file, 'nowhere', 'temporal.db'))).toBeUndefined();
  });

  test('that is full is told by file and free space, and only for its own server', needs(smallDisks()), () => {
    const disk = smallDisk(20);
    const databaseFile = join(disk.folder, 'temporal.db');
    requireRoom(databaseFile);
    disk.fill();
    const env = { XDG_STATE_HOME: temporaryFolder() };
    const release = claimDatabase({ address: '127.0.0.1:7777', databaseFile }, env);
    const full = { databaseFile, freeBytes: 0 };
    expect(fullDiskOfServer('127.0.0.1:7777', env)).toEqual(full);
    expect(fullDiskOfServer('localhost:7777', env)).toEqual(full);
    expect(fullDiskOfServer('127.0.0.1:7778', env)).toBeUndefined();
    release();
    expect(fullDiskOfServer('127.0.0.1:7777', env)).toBeUndefined();
  });

  test('without room for a new database is refused before a server is started on it', needs(smallDisks()), () => {
    const disk = smallDisk(8);
    expect(() => requireRoom(join(disk.folder, 'temporal.db'))).toThrow(
      expect.objectContaining({
        message: "The disk of the Temporal server's database is full.",
        evidence: [`8192 KiB free on the disk of ${disk.folder}/temporal.db; 16 MiB are needed`],
        remedy: expect.stringContaining('--db-file') as unknown,
      }),
    );
  });
});
