import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createQuorateClient } from '../../api/client/temporal-client.js';
import type { OperationView } from '../../api/client/operation-view.js';
import { findTemporalExecutable } from '../../workers/temporal-server/executable.js';
import { freePort } from '../../workers/temporal-server/ports.js';
import { startTemporalServer } from '../../workers/temporal-server/server.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { eventually } from '../support/eventually.js';

vi.setConfig({ testTimeout: 120_000 });

test('a watch outlives the Temporal server, and sees an operation that was reset go on in another run', async () => {
  const folder = temporaryFolder();
  const options = {
    executable: (await findTemporalExecutable()).path,
    port: await freePort(),
    databaseFile: join(folder, 'temporal.db'),
    logFile: join(folder, 'temporal.log'),
  };
  const first = await startTemporalServer(options);
  onTestFinished(() => first.stop());
  const connection = await Connection.connect({ address: first.address });
  onTestFinished(() => connection.close());
  const temporal = new Client({ connection });
  const client = createQuorateClient(temporal);
  const start = () =>
    temporal.workflow.start('joinWorker', {
      workflowId: 'op/prod/join-worker/w1',
      taskQueue: 'nobody',
      searchAttributes: {
        QuorateCluster: ['prod'],
        QuorateHost: ['w1'],
        QuorateKind: ['join-worker'],
        QuorateOperation: ['prod/join-worker/w1/1f00aa11'],
      },
    });
  await start();

  await eventually(() => client.find('prod').catch(() => undefined)).toBeDefined();
  const views: OperationView[] = [];
  const watching = (async () => {
    for await (const view of client.watch(await client.find('prod'))) views.push(view);
  })();
  const outage = () => views.at(-1)?.outage;
  await eventually(outage).toBe('no worker answers');
  await first.stop();
  await eventually(outage).toBe('the Temporal server does not answer');
  const second = await startTemporalServer(options);
  onTestFinished(() => second.stop());
  await eventually(outage).toBe('no worker answers');

  const seen = views.length;
  const handle = temporal.workflow.getHandle('op/prod/join-worker/w1');
  await handle.terminate('as a reset does');
  await start();
  await eventually(() => views.slice(seen).at(-1)?.summary.runId).toBeDefined();
  await handle.terminate('for good');
  await watching;
  expect(views.at(-1)?.summary.state).toBe('terminated');
});
