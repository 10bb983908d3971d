// Plays the scenarios of test/support/scenarios.ts on a server of its own and writes their histories to test/histories,
// which test/workflows/replay.test.ts replays. Arguments: names of scenarios; default all of them.
// Record again only what was never released: a history of released code that no longer replays is what the test is for.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection } from '@temporalio/worker';
import { findTemporalExecutable } from '../workers/temporal-server/executable.js';
import { freePort } from '../workers/temporal-server/ports.js';
import { startTemporalServer } from '../workers/temporal-server/server.js';
import { workflowBundle } from '../workers/workflow-bundle.js';
import { historiesFolder, writeHistories } from '../test/support/histories.js';
import type { RecordedHistory } from '../test/support/histories.js';
import { scenarios } from '../test/support/scenarios.js';
import { quietRuntime, startHarness } from '../test/support/workflow-harness.js';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(', ')}; there are: ${scenarios.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

quietRuntime();
const folder = mkdtempSync(join(tmpdir(), 'quorate-record-'));
const executable = (await findTemporalExecutable({ say: console.error })).path;
const server = await startTemporalServer({
  executable,
  port: await freePort(),
  logFile: join(folder, 'temporal.log'),
});
try {
  const { address, namespace } = server;
  const [connection, nativeConnection] = [
    await Connection.connect({ address }),
    await NativeConnection.connect({ address }),
  ];
  const client = new Client({ connection, namespace });
  const bundle = await workflowBundle();
  const harness = await startHarness({ client, nativeConnection, namespace, bundle }, { taskQueue: 'quorate' });
  mkdirSync(historiesFolder, { recursive: true });
  for (const { name, run, outcomes } of scenarios.filter((one) => asked.length === 0 || asked.includes(one.name))) {
    const ran = await run(harness, name);
    if (ran.outcomes.join() !== outcomes.join())
      throw new Error(`${name}: ${ran.outcomes.join()}, not ${outcomes.join()}`);
    const histories: RecordedHistory[] = [];
    for (const { workflowId, runId } of ran.runs) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      histories.push({ workflowId, history: JSON.parse(historyToJSON(history)) as RecordedHistory['history'] });
    }
    writeHistories(name, histories);
    console.log(`${name}: ${histories.map(({ history }) => history.events.length).join(' + ')} events`);
  }
  await harness.close();
  await nativeConnection.close();
  await connection.close();
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
