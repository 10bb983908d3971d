import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ApiServer } from '../../support/api-server.js';
import { clusterYaml } from '../../support/run-cli.js';
import { startScriptedApi } from '../../support/scripted-api.js';
import { uniqueName } from '../../support/temporal.js';

let api: ApiServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ api, stop } = await startScriptedApi());
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
