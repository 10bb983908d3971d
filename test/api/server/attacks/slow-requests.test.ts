import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startApiServer } from '../../../support/api-server.js';
import { stubClient } from '../../../support/stub-client.js';

/** Sends the beginning, then one piece after the other for as long as the server lets it. */
const dribble = async (url: string, beginning: string, piece: string): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  socket.write(beginning);
  const timer = setInterval(() => socket.write(piece), 50);
  onTestFinished(() => {
    clearInterval(timer);
    socket.destroy();
  });
  return socket;
};

const request = 'Host: 127.0.0.1\r\nContent-Type: application/json\r\n';

test.each([
  ['headers', 'GET /healthz HTTP/1.1\r\n', 'X: y\r\n'],
  ['a body', `POST /v1/validate HTTP/1.1\r\n${request}Content-Length: 100000\r\n\r\n`, ' '],
  ['a body in chunks', `POST /v1/validate HTTP/1.1\r\n${request}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  ['one request after the other, the last one never whole', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nG', 'E'],
])('%s that never end hold a connection no longer than a request may take', async (_what, beginning, piece) => {
  const { url, stop } = await startApiServer(stubClient(), { limits: { requestMs: 500 } });
  onTestFinished(stop);
  const sockets = await Promise.all(Array.from({ length: 10 }, () => dribble(url, beginning, piece)));
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const open = () => sockets.filter(({ readyState }) => readyState === 'open').length;
  await expect.poll(open, { timeout: 8_000 }).toBe(0);
});

test('a request of which nobody reads the answer does not delay the end of the server', async () => {
  const notes = ['x'.repeat(1_000_000)];
  const client = stubClient({ clusters: () => Promise.resolve({ clusters: [], notes }) });
  const { url, stop } = await startApiServer(client, { limits: { shutdownMs: 300 } });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).pause();
  for (let left = 20; left > 0; left -= 1) socket.write('GET /v1/clusters HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await expect.poll(() => client.calls.length).toBeGreaterThan(0);
  const began = performance.now();
  await stop();
  expect(performance.now() - began).toBeLessThan(3_000);
});
