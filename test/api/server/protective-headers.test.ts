import { once } from 'node:events';
import { connect } from 'node:net';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { requestsAbout, send } from '../../support/api-requests.js';
import { startApiServer } from '../../support/api-server.js';
import { authority } from '../../support/certificates.js';
import { stubClient } from '../../support/stub-client.js';

const serve = async (options: Parameters<typeof startApiServer>[1] = {}) => {
  const api = await startApiServer(stubClient(), options);
  onTestFinished(() => api.stop());
  return api;
};
const shown = (headers: Headers): unknown =>
  ['x-content-type-options', 'cache-control', 'strict-transport-security'].map((name) => headers.get(name));

test('S19: every answer of the API is kept by nobody and guessed at by no browser', async () => {
  const { url } = await serve();
  const requests = [
    ...Object.values(requestsAbout('prod')),
    { method: 'GET', path: '/nothing' },
    { method: 'POST', path: '/v1/clusters' },
    { method: 'POST', path: '/v1/validate', body: '{' },
    { method: 'GET', path: '/docs/static/nothing.css' },
    { method: 'GET', path: '/v1/%ff' },
  ] as const;
  for (const one of requests) {
    const answer = await send(url, one);
    await answer.text();
    expect([one.path, shown(answer.headers)]).toEqual([one.path, ['nosniff', 'no-store', null]]);
  }
});

test('S19: files of the page may be kept, and are guessed at by no browser', async () => {
  const { url } = await serve();
  const { headers } = await send(url, { method: 'GET', path: '/docs/static/swagger-ui.css' });
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).not.toContain('no-store');
});

test('S19: also what is no HTTP is answered so', async () => {
  const { url } = await serve();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write('nonsense\r\n\r\n');
  await once(socket, 'close');
  expect(text).toContain('x-content-type-options: nosniff');
  expect(text).toContain('cache-control: no-store');
});

test('S19: with TLS browsers are told to stay with it', async () => {
  const ca = authority('ours');
  const { url } = await serve({ tls: ca.issue('server', 'IP:127.0.0.1') });
  const dispatcher = new Agent({ connect: { ca: ca.pem } });
  onTestFinished(() => dispatcher.destroy());
  const { headers } = await request(`${url}/healthz`, { dispatcher });
  expect(headers['strict-transport-security']).toBe('max-age=31536000');
});

test('S19: a burst of refused requests is one line of the log when it begins, and one when it is over', async () => {
  const { url, token, log } = await serve({ limits: { requestsPerSecond: 5 } });
  const viewer = await token('viewer');
  const list = { method: 'GET', path: '/v1/clusters' } as const;
  const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await send(url, list, viewer)).status));
  const refused = statuses.filter((status) => status === 429).length;
  expect(refused).toBeGreaterThan(100);
  const lines = () => log.filter((line) => line['status'] === 429);
  await expect
    .poll(() => lines().map(({ msg }) => msg), { timeout: 10_000 })
    .toEqual(['request', 'requests refused: too many']);
  expect(lines()[1]).toMatchObject({ more: refused - 1, who: expect.stringContaining('viewer') as unknown });
  // What was answered is told as ever.
  expect(log.filter(({ msg, status }) => msg === 'request' && status === 200)).toHaveLength(200 - refused);
});
