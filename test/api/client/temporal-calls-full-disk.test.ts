import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { lookAtDisk } from '../../../api/client/server-disk.js';
import { callUntilAnswered } from '../../../api/client/temporal-calls.js';
import { fullDisk } from '../../../api/connection/database-disk.js';
import { findTemporalExecutable } from '../../../workers/temporal-server/executable.js';
import { freePort } from '../../../workers/temporal-server/ports.js';
import { startTemporalServer } from '../../../workers/temporal-server/server.js';
import { needs } from '../../support/needs.js';
import { smallDisk, smallDisks } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

vi.setConfig({ testTimeout: 60_000 });

test(
  'S16: what is asked for while the disk of the database is full says so, and what helps',
  needs(smallDisks()),
  async () => {
    const executable = (await findTemporalExecutable()).path;
    const disk = smallDisk(32);
    const databaseFile = join(disk.folder, 'temporal.db');
    const server = await startTemporalServer({
      executable,
      port: await freePort(),
      databaseFile,
      logFile: join(temporaryFolder(), 'temporal.log'),
    });
    onTestFinished(() => server.stop());
    const connection = await Connection.connect({ address: server.address });
    onTestFinished(() => connection.close());
    const client = new Client({ connection });
    lookAtDisk(client, () => fullDisk(databaseFile));
    const waits: string[] = [];
    const start = (workflowId: string) =>
      callUntilAnswered(
        client,
        'asking for w1',
        { totalMs: 1_500, callMs: 1_000, onWaiting: (why) => waits.push(why) },
        () => client.workflow.start('any', { workflowId, taskQueue: 'nobody' }),
      );
    await start('before');

    disk.fill();
    await expect(start('full')).rejects.toMatchObject({
      kind: 'temporal-unreachable',
      message:
        'asking for w1: no answer within 2 s, because the disk of the Temporal server is full. It may still be carried out.',
      evidence: [expect.stringMatching(/^\d+ KiB free on the disk of /) as unknown, expect.anything()],
      remedy: expect.stringMatching(/^Free space there \(`df -h .*then ask again/) as unknown,
    });
    expect(waits).toEqual(['the disk of the Temporal server is full']);

    // It goes on by itself.
    disk.clear();
    await start('after');
  },
);
