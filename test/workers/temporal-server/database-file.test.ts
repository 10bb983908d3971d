import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { removeEmpty, watchDisk } from '../../../workers/temporal-server/database-file.js';
import { findTemporalExecutable } from '../../../workers/temporal-server/executable.js';
import { freePort } from '../../../workers/temporal-server/ports.js';
import { startTemporalServer } from '../../../workers/temporal-server/server.js';
import { eventually } from '../../support/eventually.js';
import { needs } from '../../support/needs.js';
import { smallDisk, smallDisks } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('S16: an empty database goes, so that the server makes it anew; one with a log, or a link, stays', () => {
  const folder = temporaryFolder();
  const [empty, logged, link] = ['empty.db', 'logged.db', 'link.db'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const file of [empty, logged, join(folder, 'target.db')]) writeFileSync(file, '');
  writeFileSync(`${logged}-wal`, 'x');
  symlinkSync(join(folder, 'target.db'), link);
  for (const file of [empty, logged, link, join(folder, 'none.db')]) removeEmpty(file);
  expect([empty, logged, link].map((file) => existsSync(file))).toEqual([false, true, true]);
});

describe('S16: on a full disk', () => {
  test('a server that cannot start says so, and starts when there is room', needs(smallDisks()), async () => {
    const executable = (await findTemporalExecutable()).path;
    const disk = smallDisk(32);
    const databaseFile = join(disk.folder, 'temporal.db');
    const options = { executable, port: await freePort(), databaseFile, logFile: join(disk.folder, 'temporal.log') };
    disk.fill();
    await expect(startTemporalServer(options)).rejects.toMatchObject({
      message: "The disk of the Temporal server's database is full.",
      evidence: [`0 KiB free on the disk of ${databaseFile}; 16 MiB are needed`],
    });
    disk.clear();
    removeEmpty(databaseFile);
    const server = await startTemporalServer(options);
    await server.stop();
  });

  test('it is said once, and once when there is room again', needs(smallDisks()), async () => {
    const disk = smallDisk(2);
    const file = join(disk.folder, 'temporal.db');
    const said: string[] = [];
    onTestFinished(watchDisk(file, (line) => said.push(line), 10));
    disk.fill();
    await eventually(() => said.length).toBe(1);
    expect(said[0]).toContain(`is full: 0 KiB free on the disk of ${file}; nothing is begun or goes on meanwhile.`);
    disk.clear();
    await eventually(() => said.length).toBe(2);
    expect(said[1]).toContain('has room again');
  });
});
