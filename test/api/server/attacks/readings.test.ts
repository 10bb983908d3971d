import { expect, onTestFinished, test } from 'vitest';
import type { QuorateClient } from '../../../../api/client/client.js';
import type { Limits } from '../../../../api/server/options.js';
import { requestsAbout, send } from '../../../support/api-requests.js';
import { startApiServer } from '../../../support/api-server.js';
import { stubClient } from '../../../support/stub-client.js';

const serve = async (limits: Partial<Limits>, own: Partial<QuorateClient> = {}) => {
  const client = stubClient(own);
  const api = await startApiServer(client, { limits });
  onTestFinished(() => api.stop());
  const ask = (route: 'readStatus' | 'planOperation' | 'listClusters', token: string): Promise<Response> =>
    send(api.url, requestsAbout('prod')[route], token);
  return { ...api, ask, client };
};

test('S5: a token has some readings of hosts under way, and no more; others have theirs', async () => {
  let answer = (): void => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  const status = stubClient().status;
  const { ask, token, client } = await serve(
    { readingsPerToken: 2 },
    { status: (...asked) => held.then(() => status(...asked)) },
  );
  const [ann, bob] = [await token('viewer'), await token('viewer')];
  const underWay = [ask('readStatus', ann), ask('readStatus', ann)];
  await expect.poll(() => client.calls.length).toBe(2);
  for (const route of ['readStatus', 'planOperation'] as const) {
    const refused = await ask(route, ann);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('2 readings of hosts') as unknown });
  }
  expect((await ask('planOperation', bob)).status).toBe(200);
  answer();
  expect((await Promise.all(underWay)).map((one) => one.status)).toEqual([200, 200]);
  expect((await ask('planOperation', ann)).status).toBe(200);
});

test('S5: a token has some readings of hosts per minute; what makes no worker do anything goes on', async () => {
  const { ask, token, client } = await serve({ readingsPerMinute: 6 });
  const [ann, bob] = [await token('viewer'), await token('viewer')];
  const statuses: number[] = [];
  for (const route of ['readStatus', 'planOperation', 'readStatus', 'planOperation'] as const) {
    statuses.push((await ask(route, ann)).status, (await ask(route, ann)).status);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429, 429]);
  expect(client.calls).toHaveLength(6);
  const refused = await ask('readStatus', ann);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(1);
  expect(await refused.json()).toMatchObject({ remedy: expect.stringContaining('--reading-rate') as unknown });
  expect((await ask('listClusters', ann)).status).toBe(200);
  expect((await ask('readStatus', bob)).status).toBe(200);
});
