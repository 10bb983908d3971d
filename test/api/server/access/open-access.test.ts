import { afterAll, beforeAll, expect, test } from 'vitest';
import { request } from 'undici';
import { startApiServer, type ApiServer } from '../../../support/api-server.js';
import { stubClient } from '../../../support/stub-client.js';

let api: ApiServer;
beforeAll(async () => (api = await startApiServer(stubClient())));
afterAll(() => api.stop());

/** fetch would not let these headers be set. */
const ask = async (headers: Record<string, string>, method: 'GET' | 'POST' = 'GET'): Promise<[number, unknown]> => {
  const { statusCode, body } = await request(`${api.url}/v1/clusters`, { method, headers });
  return [statusCode, ((await body.json()) as { type?: string }).type];
};
const port = (): string => new URL(api.url).port;

test('without tokens everybody on this machine is an admin', async () => {
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.1.2.3', 'LOCALHOST']) {
    expect(await ask({ host: `${host}:${port()}` })).toEqual([200, undefined]);
  }
  expect(await ask({ host: 'localhost' })).toEqual([200, undefined]);
});

test('a name that was made to point to 127.0.0.1 reaches nothing (DNS rebinding)', async () => {
  for (const host of [
    'evil.example',
    `evil.example:${port()}`,
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '',
  ]) {
    expect(await ask({ host })).toEqual([421, 'urn:quorate:problem:wrong-host']);
  }
});

test('a page of another origin reaches nothing', async () => {
  const host = `127.0.0.1:${port()}`;
  const forbidden = [403, 'urn:quorate:problem:forbidden'];
  expect(await ask({ host, origin: 'http://evil.example' })).toEqual(forbidden);
  expect(await ask({ host, origin: 'http://127.0.0.1:1' })).toEqual(forbidden);
  expect(await ask({ host, origin: 'null' })).toEqual(forbidden);
  expect(await ask({ host, 'sec-fetch-site': 'cross-site' })).toEqual(forbidden);
  expect(await ask({ host, origin: api.url, 'sec-fetch-site': 'same-origin' })).toEqual([200, undefined]);
});

test('nothing comes through a proxy', async () => {
  for (const name of ['x-forwarded-for', 'forwarded', 'via']) {
    expect(await ask({ host: `localhost:${port()}`, [name]: '192.0.2.1' })).toEqual([
      403,
      'urn:quorate:problem:forbidden',
    ]);
  }
});

test('from the first token on every request needs one, under whatever name the server is reached', async () => {
  const token = await api.token('viewer');
  expect(await ask({ host: `127.0.0.1:${port()}` })).toEqual([401, 'urn:quorate:problem:unauthenticated']);
  expect(
    await ask({ host: 'quorate.example', authorization: `Bearer ${token}`, 'x-forwarded-for': '192.0.2.1' }),
  ).toEqual([200, undefined]);
});
