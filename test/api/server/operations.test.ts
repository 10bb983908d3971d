import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { OperatorError } from '../../../model/failures/operator-error.js';
import { requestsAbout, send } from '../../support/api-requests.js';
import { startApiServer, type ApiServer } from '../../support/api-server.js';
import { clusterYaml } from '../../support/run-cli.js';
import type { ScriptedOperations } from '../../support/scripted-operations.js';
import { startScriptedApi } from '../../support/scripted-api.js';
import { stubClient } from '../../support/stub-client.js';
import { uniqueName } from '../../support/temporal.js';

let api: ApiServer;
let it: ScriptedOperations;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ api, it, stop } = await startScriptedApi());
});
afterAll(() => stop());

test('an operation is accepted with 202 and its place, and is there at once', async () => {
  const cluster = uniqueName('start');
  const response = await fetch(`${api.url}/v1/operations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' },
    body: JSON.stringify({
      verb: 'join',
      host: 'w1',
      by: 'ann@desk',
      specification: { text: clusterYaml(cluster), file: 'prod.yaml' },
    }),
  });
  const body = (await response.json()) as { operation: string };
  expect([response.status, body]).toEqual([
    202,
    expect.objectContaining({ cluster, kind: 'join-worker', host: 'w1', position: 0 }),
  ]);
  const location = response.headers.get('location') ?? '';
  expect(location).toBe(`/v1/operations/${body.operation}`);
  const shown = await fetch(`${api.url}${location}`);
  expect([shown.status, await shown.json()]).toMatchObject([
    200,
    { summary: { operation: body.operation, by: 'ann@desk' } },
  ]);
});

test('S13: a key that was used with another body is refused with 422, also by a server that never heard of it', async () => {
  const cluster = uniqueName('reused');
  const start = (url: string, text: string): Promise<Response> =>
    send(
      url,
      { method: 'POST', path: '/v1/operations', body: { verb: 'join', host: 'w1', specification: { text } } },
      undefined,
      {
        'idempotency-key': 'k1',
      },
    );
  expect((await start(api.url, clusterYaml(cluster))).status).toBe(202);
  const restarted = await startApiServer(it.client);
  onTestFinished(() => restarted.stop());
  for (const { url } of [api, restarted]) {
    const refused = await start(url, `${clusterYaml(cluster)}\n`);
    expect([refused.status, await refused.json()]).toEqual([
      422,
      expect.objectContaining({
        type: 'urn:quorate:problem:key-reused',
        detail: expect.stringContaining(`${cluster}/join-worker/w1/`) as unknown,
        remedy: expect.stringContaining('another key') as unknown,
      }),
    ]);
    expect((await start(url, clusterYaml(cluster))).status).toBe(202);
  }
});

test('S13: a key of a decision that was used with another body is refused with 422, and decides nothing', async () => {
  const client = stubClient();
  const other = await startApiServer(client);
  onTestFinished(() => other.stop());
  for (const { path, method, body } of [
    requestsAbout('prod').decideOperation,
    requestsAbout('prod').cancelOperation,
    requestsAbout('prod').retryOperations,
  ]) {
    const ask = (reason: string): Promise<Response> =>
      send(other.url, { method, path, body: { ...(body as object), reason } }, undefined, { 'idempotency-key': 'k' });
    expect((await ask('one')).ok).toBe(true);
    const before = client.calls.length;
    const refused = await ask('another');
    expect([path, refused.status, await refused.json()]).toEqual([
      path,
      422,
      expect.objectContaining({ type: 'urn:quorate:problem:key-reused' }),
    ]);
    expect(client.calls.length).toBe(before);
    expect((await ask('one')).ok).toBe(true);
    expect(client.calls.length).toBe(before);
  }
});

test('a decision that was refused has done nothing: its key is free for the one that is put right, and for no third', async () => {
  const stub = stubClient();
  let asked = 0;
  const decide: typeof stub.decide = (...args) => {
    asked += 1;
    return asked === 1
      ? Promise.reject(new OperatorError('refused', 'It cannot be skipped.', { remedy: 'Choose another.' }))
      : stub.decide(...args);
  };
  const other = await startApiServer({ ...stub, decide });
  onTestFinished(() => other.stop());
  const { path, method, body } = requestsAbout('prod').decideOperation;
  const ask = async (reason: string): Promise<number> => {
    const sent = { ...(body as object), reason };
    return (await send(other.url, { method, path, body: sent }, undefined, { 'idempotency-key': 'k' })).status;
  };
  expect([await ask('wrong'), await ask('wrong')]).toEqual([409, 409]);
  expect(asked).toBe(1);
  expect([await ask('right'), await ask('right'), await ask('wrong')]).toEqual([200, 200, 422]);
  expect(asked).toBe(2);
});
