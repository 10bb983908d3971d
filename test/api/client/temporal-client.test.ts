import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { OperationSummary } from '../../../api/client/operation-summary.js';
import { createQuorateClient } from '../../../api/client/temporal-client.js';
import { freePort } from '../../../workers/temporal-server/ports.js';
import { clusterYaml } from '../../support/run-cli.js';
import { startScriptedOperations, type ScriptedOperations } from '../../support/scripted-operations.js';

let it: ScriptedOperations;
beforeAll(async () => {
  it = await startScriptedOperations();
});
afterAll(() => it.stop());

const forgotten: OperationSummary = {
  operation: 'prod/join-worker/w1/1f00aa11',
  cluster: 'prod',
  kind: 'join-worker',
  host: 'w1',
  state: 'finished',
  since: '2026-11-23T13:52:00.000Z',
  workflowId: 'op/prod/join-worker/w1',
  runId: randomUUID(),
};

test('an operation that Temporal has forgotten is not found', async () => {
  await expect(it.client.view(forgotten)).rejects.toMatchObject({
    kind: 'not-found',
    message: 'reading prod/join-worker/w1/1f00aa11: Temporal does not know it any more.',
    remedy: expect.stringContaining('retention') as unknown,
  });
});

test('what the server refuses is said in its words', async () => {
  const { connection } = it.temporal;
  const elsewhere = createQuorateClient(new Client({ connection, namespace: 'no-such-namespace' }));
  const refused = {
    kind: 'failed',
    message: expect.stringMatching(/the Temporal server refused it: .*no-such-namespace/) as unknown,
    remedy: expect.stringContaining('TEMPORAL_NAMESPACE') as unknown,
  };
  await Promise.all(
    [elsewhere.list(), elsewhere.clusters(), elsewhere.find('prod')].map((answer) =>
      expect(answer).rejects.toMatchObject(refused),
    ),
  );
});

test('a server that does not answer is an outage, whatever is asked', async () => {
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  onTestFinished(() => connection.close());
  const away = createQuorateClient(new Client({ connection }), 'nobody', { totalMs: 1_000, callMs: 500 });
  const specification = { text: clusterYaml('prod'), file: 'prod.yaml' };
  const outage = { kind: 'temporal-unreachable', message: expect.stringContaining('does not answer') as unknown };
  const asked = {
    list: away.list(),
    clusters: away.clusters(),
    find: away.find('prod'),
    view: away.view(forgotten),
    retry: away.retry({}, { by: 'ann', reason: '', dryRun: true }),
    submit: away.submit({ specification, verb: 'join', host: 'w1', key: 'k', by: 'ann' }),
  };
  await Promise.all(Object.entries(asked).map(([what, answer]) => expect(answer, what).rejects.toMatchObject(outage)));
});
