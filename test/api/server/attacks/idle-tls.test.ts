import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import type { QuorateClient } from '../../../../api/client/client.js';
import type { Limits } from '../../../../api/server/options.js';
import { startApiServer, type ApiServer } from '../../../support/api-server.js';
import { authority } from '../../../support/certificates.js';
import { stubClient } from '../../../support/stub-client.js';

interface TlsServer extends ApiServer {
  readonly ca: string;
}

const serve = async (limits: Partial<Limits>, own: Partial<QuorateClient> = {}): Promise<TlsServer> => {
  const ca = authority('ours');
  const api = await startApiServer(stubClient(own), { tls: ca.issue('server', 'IP:127.0.0.1'), limits });
  onTestFinished(() => api.stop());
  return { ...api, ca: ca.pem };
};

/** Raw connections that send that, or nothing, and never close by themselves: not even when the server does. */
const open = async ({ url }: ApiServer, count: number, bytes = ''): Promise<Socket[]> => {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    return socket.resume().on('error', () => {});
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  if (bytes !== '') for (const socket of sockets) socket.write(bytes);
  return sockets;
};

const health = async ({ url, ca }: TlsServer): Promise<number> => {
  const dispatcher = new Agent({ connect: { ca, timeout: 2_000 } });
  try {
    return (await request(`${url}/healthz`, { dispatcher, headersTimeout: 2_000 })).statusCode;
  } catch {
    return 0;
  } finally {
    await dispatcher.destroy();
  }
};

const timeOf = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

test.each([
  ['send nothing', ''],
  ['send no TLS', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['begin a handshake and go on no further', '\u0016\u0003\u0001\u0002\u0000\u0001'],
])('S3: connections that %s hold no place of a TLS server for long', async (_what, bytes) => {
  const api = await serve({ connections: 10, handshakeMs: 300 });
  const ended = await open(api, 10, bytes);
  await expect.poll(() => ended.filter(({ readyState }) => readyState === 'open'), { timeout: 5_000 }).toEqual([]);
  expect(await health(api)).toBe(200);
});

test('S3: connections without a handshake, and those of clients that never close, do not outlive the server', async () => {
  const api = await serve({ shutdownMs: 300 });
  await open(api, 3);
  await open(api, 3, 'GET / HTTP/1.1\r\n\r\n');
  expect(await timeOf(api.stop)).toBeLessThan(3_000);
});

test('S3: a client that takes no answers is closed after the time for that', async () => {
  const notes = ['x'.repeat(500_000)];
  const api = await serve({ silenceMs: 500, connections: 1 }, { clusters: async () => ({ clusters: [], notes }) });
  const socket = connectTls({ port: Number(new URL(api.url).port), host: '127.0.0.1', ca: api.ca });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  socket.pause();
  // Answers that nobody reads fill the buffers between the two.
  for (let left = 50; left > 0; left -= 1) socket.write('GET /v1/clusters HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await expect.poll(() => health(api), { timeout: 8_000 }).toBe(200);
});

test('S11: over TLS, too, a connection of a caller who is known stays while idle ones come and go', async () => {
  const api = await serve({ connections: 6, connectionsPerAddress: 4 });
  const socket = connectTls({ port: Number(new URL(api.url).port), host: '127.0.0.1', ca: api.ca });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  socket.write('GET /v1/clusters HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await once(socket, 'data');
  const idle = await open(api, 20);
  await expect
    .poll(() => idle.filter(({ readyState }) => readyState === 'open').length, { timeout: 5_000 })
    .toBeLessThanOrEqual(3);
  expect(await health(api)).toBe(200);
  expect(socket.readyState).toBe('open');
  socket.write('GET /v1/clusters HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await once(socket, 'data');
});
