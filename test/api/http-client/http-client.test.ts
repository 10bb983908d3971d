import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { QuorateClient } from '../../../api/client/client.js';
import { createHttpClient } from '../../../api/http-client/http-client.js';
import { httpSettings, type HttpClientOptions } from '../../../api/http-client/settings.js';
import type { OperationView } from '../../../api/client/operation-view.js';
import { OperatorError } from '../../../model/failures/operator-error.js';
import { startApiServer, type ApiServer } from '../../support/api-server.js';
import { authority } from '../../support/certificates.js';
import { eventually } from '../../support/eventually.js';
import { clusterYaml } from '../../support/run-cli.js';
import { stubClient, summaryOf, type StubClient } from '../../support/stub-client.js';
import { startTcpRelay } from '../../support/tcp-relay.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const clientFor = (options: HttpClientOptions): QuorateClient => {
  const { client, close } = createHttpClient(options);
  onTestFinished(() => close());
  return client;
};
const serve = async (
  own: Partial<QuorateClient> = {},
  options: Parameters<typeof startApiServer>[1] = {},
): Promise<{ api: ApiServer; stub: StubClient }> => {
  const stub = stubClient(own);
  const api = await startApiServer(stub, options);
  onTestFinished(() => api.stop());
  return { api, stub };
};
/** A server behind a wire that can be cut. */
const serveBehindRelay = async (own: Partial<QuorateClient> = {}) => {
  const { api, stub } = await serve(own);
  const relay = await startTcpRelay(Number(new URL(api.url).port));
  onTestFinished(() => relay.close());
  return { stub, relay, client: clientFor({ server: `http://127.0.0.1:${relay.port}`, patienceMs: 5_000 }) };
};
const summary = summaryOf('prod/join-worker/w1/1f00aa11');
const request = {
  specification: { text: clusterYaml('prod'), file: 'prod.yaml' },
  verb: 'join',
  host: 'w1',
  key: 'the-key',
  by: 'ann@desk',
} as const;

describe('how to reach the server', () => {
  test('is in the environment; without QUORATE_SERVER there is none', () => {
    expect(httpSettings({ QUORATE_TOKEN: 'x' })).toBeUndefined();
    expect(httpSettings({ QUORATE_SERVER: '' })).toBeUndefined();
    expect(httpSettings({ QUORATE_SERVER: 'https://q' })).toEqual({ server: 'https://q' });
  });

  test('the token comes from a variable or a file', () => {
    const file = join(temporaryFolder(), 'token');
    writeFileSync(file, 'from-file\n', { mode: 0o600 });
    const server = 'https://q';
    expect(httpSettings({ QUORATE_SERVER: server, QUORATE_TOKEN_FILE: file })).toEqual({ server, token: 'from-file' });
    expect(httpSettings({ QUORATE_SERVER: server, QUORATE_TOKEN_FILE: file, QUORATE_TOKEN: 'own' })).toEqual({
      server,
      token: 'own',
    });
    expect(() => httpSettings({ QUORATE_SERVER: server, QUORATE_TOKEN_FILE: '/nowhere' })).toThrow(
      expect.objectContaining({ kind: 'bad-usage', remedy: 'Correct or unset QUORATE_TOKEN_FILE.' }) as Error,
    );
  });

  test.each(['QUORATE_TOKEN_FILE', 'QUORATE_CLIENT_KEY'])('S18: %s that others may read is refused', (variable) => {
    const file = join(temporaryFolder(), 'secret');
    writeFileSync(file, 'of mine', { mode: 0o600 });
    chmodSync(file, 0o644);
    const env = { QUORATE_SERVER: 'https://q', QUORATE_CLIENT_CERT: file, [variable]: file };
    expect(() => httpSettings(env)).toThrow(
      expect.objectContaining({ kind: 'bad-usage', remedy: `Run \`chmod 600 ${file}\`.` }) as Error,
    );
    chmodSync(file, 0o600);
    const { QUORATE_CLIENT_CERT: _, ...token } = env;
    expect(httpSettings(variable === 'QUORATE_CLIENT_KEY' ? env : token)).toBeDefined();
  });

  test('a client certificate without its key is no use', () => {
    const file = join(temporaryFolder(), 'pem');
    writeFileSync(file, 'pem');
    expect(() => httpSettings({ QUORATE_SERVER: 'https://q', QUORATE_CLIENT_CERT: file })).toThrow(
      /QUORATE_CLIENT_KEY/,
    );
  });

  test.each(['quorate.example', 'ftp://q', 'https://user:secret@q', ''])('%j is no address', (server) => {
    expect(() => createHttpClient({ server })).toThrow(
      expect.objectContaining({
        kind: 'bad-usage',
        message: expect.not.stringContaining('secret') as unknown,
      }) as Error,
    );
  });

  test('a token is not sent where it could be read on the way', () => {
    expect(() => createHttpClient({ server: 'http://quorate.example', token: 't' })).toThrow(
      expect.objectContaining({ kind: 'bad-usage', remedy: 'Use https in QUORATE_SERVER.' }) as Error,
    );
    for (const host of ['127.0.0.1', '[::1]', 'localhost']) clientFor({ server: `http://${host}:1`, token: 't' });
  });

  test('over TLS with an authority and a certificate of one’s own', async () => {
    const [ca, clients] = [authority('ours'), authority('clients')];
    const names = 'IP:127.0.0.1,DNS:localhost';
    const { api } = await serve({}, { tls: { ...ca.issue('server', names), clientCa: clients.pem } });
    const token = await api.token('viewer');
    const ann = clients.issue('ann');
    const settings = httpSettings({
      QUORATE_SERVER: api.url,
      QUORATE_TOKEN: token,
      QUORATE_CA_FILE: ca.file,
      QUORATE_CLIENT_CERT: ann.certFile,
      QUORATE_CLIENT_KEY: ann.keyFile,
    });
    expect((await clientFor(settings as HttpClientOptions).clusters()).clusters).toHaveLength(3);
    await expect(clientFor({ server: api.url, token }).clusters()).rejects.toMatchObject({
      kind: 'temporal-unreachable',
      remedy: expect.stringContaining('QUORATE_CA_FILE') as unknown,
    });
  });
});

describe('what the server refuses', () => {
  test('a token: the command says which variable to set', async () => {
    const { api } = await serve();
    const token = await api.token('viewer', 'stage');
    await expect(clientFor({ server: api.url }).clusters()).rejects.toMatchObject({
      kind: 'refused',
      remedy: expect.stringContaining('QUORATE_TOKEN') as unknown,
    });
    const client = clientFor({ server: api.url, token });
    await expect(client.find('prod')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('does not reach the cluster prod') as unknown,
    });
    await expect(client.submit(request)).rejects.toMatchObject({ kind: 'refused' });
  });

  test('a defect is told with the request, whose log line has the rest', async () => {
    const { api } = await serve({ clusters: () => Promise.reject(new TypeError('internals')) });
    const told = await clientFor({ server: api.url })
      .clusters()
      .catch((error: unknown) => error as OperatorError);
    expect(told).toMatchObject({ name: 'OperatorError', kind: 'failed' });
    expect((told as OperatorError).evidence[0]).toMatch(/^request [0-9a-f-]{36} in the server's log$/);
  });
});

describe('a server that is none of ours', () => {
  const answering = async (status: number, type: string, text: string): Promise<string> => {
    const server = createServer((_request, response) => response.writeHead(status, { 'content-type': type }).end(text));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test.each([
    [200, 'text/html', '<html>'],
    [200, 'application/json', '{"other": true}'],
    [404, 'text/html', 'not here'],
    [500, 'application/json', '{"message": "x"}'],
  ])('answers %i %s %s', async (status, type, text) => {
    const server = await answering(status, type, text);
    await expect(clientFor({ server }).clusters()).rejects.toMatchObject({
      kind: 'failed',
      message: `${server} answered ${status}, and not as a Quorate server does.`,
    });
  });

  test('a proxy that has no server behind it is an outage', async () => {
    const server = await answering(502, 'text/html', 'bad gateway');
    const waits: string[] = [];
    await expect(
      clientFor({ server, patienceMs: 500 }).submit(request, { onWaiting: (why) => waits.push(why) }),
    ).rejects.toMatchObject({ kind: 'temporal-unreachable' });
    expect(waits).toEqual(['the Quorate server does not answer']);
  });
});

describe('a connection that is lost', () => {
  test('nobody listens: nothing was sent, and that is what is said', async () => {
    const { relay, client, stub } = await serveBehindRelay();
    await relay.close();
    await expect(client.clusters()).rejects.toMatchObject({
      kind: 'temporal-unreachable',
      message: expect.stringContaining('cannot be reached') as unknown,
    });
    expect(stub.calls).toEqual([]);
  });

  test('an answer that is lost is asked for again with the same key', async () => {
    const { relay, client, stub } = await serveBehindRelay();
    await client.clusters();
    relay.swallowNextAnswer();
    expect(await client.submit(request)).toMatchObject({ host: 'w1' });
    const submitted = stub.calls.filter(([name]) => name === 'submit');
    expect(submitted.length).toBe(2);
    expect(submitted.map(([, asked]) => (asked as { key: string }).key)).toEqual(['the-key', 'the-key']);
  });

  test.each([
    [
      'decide',
      (client: QuorateClient) => client.decide(summary, { action: 'retry', by: 'ann', reason: '' }),
      undefined,
    ],
    ['cancel', (client: QuorateClient) => client.cancel(summary, { by: 'ann', reason: '' }), 'cancelling'],
    [
      'retry',
      (client: QuorateClient) => client.retry({ cluster: 'prod' }, { by: 'ann', reason: '', dryRun: false }),
      { dryRun: false, accepted: [], refused: [] },
    ],
  ] as const)('%s is carried out once when its answer is lost', async (name, act, answer) => {
    const { relay, client, stub } = await serveBehindRelay();
    await client.clusters();
    relay.swallowNextAnswer();
    expect(await act(client)).toEqual(answer);
    expect(stub.calls.filter(([called]) => called === name)).toHaveLength(1);
    // The next one is another request, though it says the same.
    expect(await act(client)).toEqual(answer);
    expect(stub.calls.filter(([called]) => called === name)).toHaveLength(2);
  });

  test('a refusal stays one when its answer is lost', async () => {
    const refusal = new OperatorError('refused', 'nothing to decide', { remedy: 'See it.' });
    const { relay, client, stub } = await serveBehindRelay({ decide: () => Promise.reject(refusal) });
    await client.clusters();
    relay.swallowNextAnswer();
    await expect(client.decide(summary, { action: 'retry', by: 'ann', reason: '' })).rejects.toMatchObject({
      kind: 'refused',
      message: 'nothing to decide',
    });
    expect(stub.calls.filter(([called]) => called === 'decide')).toHaveLength(1);
  });

  describe('in the middle of watching', () => {
    /** Views that a test pushes; each watch begins with the newest. */
    const scripted = () => {
      let newest: OperationView = { summary };
      let wake = (): void => {};
      const watch: QuorateClient['watch'] = async function* (_summary, { signal } = {}) {
        let shown: OperationView | undefined;
        while (signal?.aborted !== true) {
          if (newest !== shown) yield (shown = newest);
          if (newest.summary.state === 'finished') return;
          await new Promise<void>((resolve) => {
            wake = resolve;
            signal?.addEventListener('abort', () => resolve());
          });
        }
      };
      const push = (lastLine: string, state: 'running' | 'finished' = 'running'): void => {
        newest = { summary: { ...summary, state }, activity: { type: 'work', attempt: 1, lastLine } };
        wake();
      };
      return { own: { watch, view: () => Promise.resolve(newest) }, push };
    };
    const follow = (client: QuorateClient) => {
      const views: OperationView[] = [];
      const watched = (async () => {
        for await (const view of client.watch(summary)) views.push(view);
      })();
      watched.catch(() => {});
      return { watched, lines: () => views.map(({ activity, outage }) => outage ?? activity?.lastLine) };
    };

    test('goes on where it was: nothing is shown twice and nothing is lost', async () => {
      const { own, push } = scripted();
      const { relay, client } = await serveBehindRelay(own);
      const { watched, lines } = follow(client);
      push('a');
      await eventually(() => lines().at(-1)).toBe('a');
      relay.cut();
      push('b');
      await eventually(() => lines().at(-1)).toBe('b');
      relay.cut();
      const before = relay.count();
      await eventually(() => relay.count()).toBeGreaterThan(before);
      push('c', 'finished');
      await watched;
      expect(lines().filter((line) => line !== undefined)).toEqual(['a', 'b', 'c']);
    });

    test('shows an outage that lasts, and its end', async () => {
      const { own, push } = scripted();
      const { relay, client } = await serveBehindRelay(own);
      const { watched, lines } = follow(client);
      push('a');
      await eventually(() => lines().at(-1)).toBe('a');
      relay.refuse(true);
      relay.cut();
      await eventually(() => lines().at(-1)).toBe('the Quorate server does not answer');
      relay.refuse(false);
      await eventually(() => lines().at(-1)).toBe('a');
      relay.refuse(true);
      relay.cut();
      push('z', 'finished');
      await eventually(() => lines().at(-1)).toBe('the Quorate server does not answer');
      relay.refuse(false);
      await watched;
      expect(lines().at(-1)).toBe('z');
    });

    test('an end that was seen is not waited for again', async () => {
      const { own, push } = scripted();
      const { client } = await serveBehindRelay(own);
      push('a', 'finished');
      const { watched, lines } = follow(client);
      await watched;
      expect(lines()).toEqual(['a']);
    });

    test('ends with what the server refuses', async () => {
      const { client } = await serveBehindRelay({
        find: () => Promise.reject(new OperatorError('not-found', 'No operation is called so.', { remedy: 'See.' })),
      });
      await expect(follow(client).watched).rejects.toMatchObject({ kind: 'not-found' });
    });
  });
});
