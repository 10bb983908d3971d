import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { Agent, request } from 'undici';
import type { QuorateClient } from '../../../api/client/client.js';
import type { AppOptions } from '../../../api/server/options.js';
import { startServer } from '../../../api/server/run-server.js';
import { requestsAbout, send } from '../../support/api-requests.js';
import { startApiServer, type ApiServer } from '../../support/api-server.js';
import { authority } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { stubClient } from '../../support/stub-client.js';

let api: ApiServer | undefined;
afterEach(async () => {
  await api?.stop();
  api = undefined;
});
const serve = async (
  options: Partial<Pick<AppOptions, 'ready' | 'limits' | 'tls'>> = {},
  own: Partial<QuorateClient> = {},
): Promise<ApiServer> => (api = await startApiServer(stubClient(own), options));

describe('readiness', () => {
  test('is that of the Temporal server, and says nothing of where that is', async () => {
    let up = false;
    const { url, log } = await serve({
      ready: () => (up ? Promise.resolve() : Promise.reject(new Error('10.0.0.1:7233'))),
    });
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).not.toContain('10.0.0.1');
    expect(JSON.stringify(log)).toContain('10.0.0.1');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    up = true;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
});

describe('limits', () => {
  test('requests per second are counted by token, also those of routes that are not there', async () => {
    const { url, token } = await serve({ limits: { requestsPerSecond: 5 } });
    const [ann, bob] = [await token('viewer'), await token('viewer')];
    const ask = (who: string, path: string) => send(url, { method: 'GET', path }, who);
    for (const path of ['/v1/clusters', '/nothing']) {
      const statuses = await Promise.all(Array.from({ length: 30 }, async () => (await ask(ann, path)).status));
      // Where a busy machine takes longer than a second, a second round of five passes.
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(15);
    }
    expect((await ask(bob, '/v1/clusters')).status).toBe(200);
    const refused = await Promise.all(Array.from({ length: 30 }, () => ask(ann, '/v1/clusters')));
    expect(refused.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1');
  });

  test('tokens cannot be guessed faster than anything else can be asked', async () => {
    const { url, token } = await serve({ limits: { requestsPerSecond: 5 } });
    await token('viewer');
    const guesses = await Promise.all(
      Array.from(
        { length: 20 },
        async (_, index) => (await send(url, { method: 'GET', path: '/v1/clusters' }, `g${index}`)).status,
      ),
    );
    expect(guesses.filter((status) => status === 401).length).toBeLessThanOrEqual(10);
    expect(guesses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(10);
  });

  test('connections beyond the limit are closed', async () => {
    const { url } = await serve({ limits: { connections: 2 } });
    const open = () =>
      new Promise<'open' | 'closed'>((resolve) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1');
        socket.on('close', () => resolve('closed'));
        socket.on('error', () => {});
        setTimeout(() => resolve('open'), 500).unref();
      });
    expect((await Promise.all([open(), open(), open(), open()])).sort()).toEqual(['closed', 'closed', 'open', 'open']);
  });

  test('a request that does not arrive is ended', async () => {
    const { url } = await serve({ limits: { requestMs: 300 } });
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.write(
        'POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{',
      );
    });
    expect(answer).toContain('HTTP/1.1 408 ');
    expect(answer).toContain('urn:quorate:problem:request-timeout');
  });
});

describe('the end', () => {
  test('what is under way is answered, what comes is refused, and it is over in time', async () => {
    let answer = (): void => {};
    const { url, stop } = await serve(
      {},
      {
        clusters: () => new Promise((resolve) => (answer = () => resolve({ clusters: [], notes: [] }))),
      },
    );
    const agent = new Agent({ connections: 1 });
    const underWay = request(`${url}/v1/clusters`, { dispatcher: agent });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const stopping = stop();
    await eventually(async () =>
      fetch(`${url}/healthz`).then(
        () => 'served',
        () => 'refused',
      ),
    ).toBe('refused');
    answer();
    expect((await underWay).statusCode).toBe(200);
    await stopping;
    api = undefined;
    await agent.destroy();
  });

  test('a request that does not end is cut when the time is over', async () => {
    const { url, stop } = await serve({ limits: { shutdownMs: 300 } }, { clusters: () => new Promise(() => {}) });
    const underWay = fetch(`${url}/v1/clusters`).then(
      () => 'answered',
      () => 'cut',
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    const began = Date.now();
    await stop();
    api = undefined;
    expect(await underWay).toBe('cut');
    expect(Date.now() - began).toBeLessThan(5_000);
  });
});

test('a port that is taken is said, with what to do', async () => {
  const { url } = await serve();
  const port = Number(new URL(url).port);
  await expect(
    startServer({
      client: stubClient(),
      tokens: { needed: () => false, find: () => ({ kind: 'unknown' }) },
      ready: () => Promise.resolve(),
      version: '1',
      log: pino({ level: 'silent' }),
      listen: { host: '127.0.0.1', port },
    }),
  ).rejects.toMatchObject({ kind: 'failed', message: `Port ${port} of 127.0.0.1 is in use.` });
});

describe('TLS', () => {
  const names = 'IP:127.0.0.1,DNS:localhost';
  const ask = async (url: string, connectOptions: object): Promise<number | string> => {
    const dispatcher = new Agent({ connect: connectOptions });
    try {
      return (await request(`${url}/healthz`, { dispatcher })).statusCode;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    } finally {
      await dispatcher.destroy();
    }
  };

  test('speaks TLS and nothing else', async () => {
    const ca = authority('ours');
    const { url } = await serve({ tls: ca.issue('server', names) });
    expect(url).toMatch(/^https:/);
    expect(await ask(url, { ca: ca.pem })).toBe(200);
    expect(await ask(url, { ca: authority('other').pem })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await ask(url, { ca: ca.pem, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).not.toBe(200);
    await expect(fetch(`${url.replace('https', 'http')}/healthz`)).rejects.toThrow();
  });

  test('asks clients for a certificate of its authority, when it was given one', async () => {
    const [ca, clients, others] = [authority('ours'), authority('clients'), authority('others')];
    const { url } = await serve({ tls: { ...ca.issue('server', names), clientCa: clients.pem } });
    const { cert, key } = clients.issue('ann');
    expect(await ask(url, { ca: ca.pem, cert, key })).toBe(200);
    expect(await ask(url, { ca: ca.pem })).not.toBe(200);
    const other = others.issue('eve');
    expect(await ask(url, { ca: ca.pem, cert: other.cert, key: other.key })).not.toBe(200);
  });
});

test('every answer has a request id, which the log has too', async () => {
  const { url, log } = await serve();
  const { headers } = await send(url, requestsAbout('prod').listClusters);
  const requestId = headers.get('x-request-id');
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  await eventually(() => log.find((line) => line['requestId'] === requestId)).toMatchObject({
    msg: 'request',
    status: 200,
  });
});
