import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import type { QuorateClient } from '../../../../api/client/client.js';
import type { AppOptions } from '../../../../api/server/options.js';
import { startApiServer, type ApiServer } from '../../../support/api-server.js';
import { stubClient } from '../../../support/stub-client.js';

const serve = async (
  options: Partial<Pick<AppOptions, 'limits' | 'trustedProxies'>>,
  own: Partial<QuorateClient> = {},
): Promise<ApiServer> => {
  const api = await startApiServer(stubClient(own), options);
  onTestFinished(() => api.stop());
  return api;
};

/** Connections from an address of this machine that send that, or nothing. */
const open = async ({ url }: ApiServer, count: number, from = '127.0.0.1', bytes = ''): Promise<Socket[]> => {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress: from });
    onTestFinished(() => void socket.destroy());
    return socket.resume().on('error', () => {});
  });
  await Promise.all(
    sockets.map(async (socket) => {
      await once(socket, 'connect').catch(() => undefined);
      if (bytes !== '') socket.write(bytes);
    }),
  );
  return sockets;
};

const isOpen = ({ readyState }: Socket): boolean => readyState === 'open';
const openOf = (sockets: readonly Socket[]): number => sockets.filter(isOpen).length;

/** A request on a connection of its own; 0 when there is no answer within two seconds. */
const ask = async (
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  from = '127.0.0.1',
): Promise<number> => {
  const dispatcher = new Agent({ connect: { localAddress: from, timeout: 2_000 } });
  try {
    return (await request(`${url}${path}`, { dispatcher, headers, headersTimeout: 2_000 })).statusCode;
  } catch {
    return 0;
  } finally {
    await dispatcher.destroy();
  }
};

test('S11: a thousand idle connections from one address lock out neither another one nor that address', async () => {
  const api = await serve({});
  const flood = await open(api, 1_000, '127.0.0.2');
  expect(await ask(api.url, '/healthz')).toBe(200);
  expect(await ask(api.url, '/healthz', {}, '127.0.0.2')).toBe(200);
  await expect.poll(() => openOf(flood)).toBeLessThanOrEqual(250);
});

test('S11: idle connections from many addresses give way to who asks something', async () => {
  const api = await serve({ limits: { connections: 20, connectionsPerAddress: 4 } });
  for (let host = 2; host < 12; host += 1) await open(api, 4, `127.0.0.${host}`);
  for (let left = 10; left > 0; left -= 1) expect(await ask(api.url, '/healthz')).toBe(200);
});

test('S11: a connection of a caller with a token stays while others without one come and go', async () => {
  const api = await serve({ limits: { connections: 10, connectionsPerAddress: 6 } });
  const token = await api.token('viewer');
  const bytes = `GET /v1/clusters HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const [known] = await open(api, 1, '127.0.0.1', bytes);
  await once(known!, 'data');
  const unknown = await open(api, 1, '127.0.0.1', bytes.replace(token, 'guessed'));
  await once(unknown[0]!, 'data');
  await open(api, 12);
  await open(api, 12, '127.0.0.2');
  await expect.poll(() => openOf(unknown)).toBe(0);
  expect(isOpen(known!)).toBe(true);
});

test('S11: an address has as many connections with a token as it may have, and no more', async () => {
  const api = await serve({ limits: { connectionsPerAddress: 3 } });
  const token = await api.token('viewer');
  const bytes = `GET /v1/clusters HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const three = await open(api, 3, '127.0.0.2', bytes);
  await Promise.all(three.map((socket) => once(socket, 'data')));
  const fourth = await open(api, 1, '127.0.0.2');
  await expect.poll(() => openOf(fourth)).toBe(0);
  expect(openOf(three)).toBe(3);
  // Of another address.
  expect(await ask(api.url, '/v1/clusters', { authorization: `Bearer ${token}` })).toBe(200);
});

test('S11: behind a trusted proxy the address is the one that its header says', async () => {
  let answer = (): void => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  const api = await serve(
    { limits: { connectionsPerAddress: 2, requestsPerSecond: 50 }, trustedProxies: ['127.0.0.1'] },
    { clusters: () => held.then(() => ({ clusters: [], notes: [] })) },
  );
  const token = await api.token('viewer');
  const as = (client: string) => ({ authorization: `Bearer ${token}`, 'x-forwarded-for': client });
  const underWay = [1, 2].map(() => request(`${api.url}/v1/clusters`, { headers: as('192.0.2.1') }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  // The proxy itself has more than two connections, one client of it has not.
  expect(await ask(api.url, '/v1/operations', as('192.0.2.1'))).toBe(429);
  expect(await ask(api.url, '/v1/operations', as('192.0.2.2'))).toBe(200);
  // What a client says of itself in front of what the proxy says counts for nothing.
  expect(await ask(api.url, '/v1/operations', as('192.0.2.9, 192.0.2.1'))).toBe(429);
  answer();
  for (const { statusCode, body } of await Promise.all(underWay)) {
    expect(statusCode).toBe(200);
    await body.dump();
  }
  await expect.poll(() => ask(api.url, '/v1/operations', as('192.0.2.1'))).toBe(200);
});

test('S11: whoever is no trusted proxy cannot give itself another address', async () => {
  const api = await serve({ limits: { requestsPerSecond: 3 } });
  await api.token('viewer');
  const statuses = await Promise.all(
    Array.from({ length: 20 }, (_, index) => ask(api.url, '/healthz', { 'x-forwarded-for': `192.0.2.${index}` })),
  );
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(10);
});
