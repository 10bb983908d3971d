import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { webhookId } from '../../../adapters/webhook/sign.js';
import type { Delivery } from '../../../adapters/webhook/types.js';
import { createWebhook } from '../../../adapters/webhook/webhook.js';
import { freePort } from '../../../workers/temporal-server/ports.js';
import { event } from '../../support/events.js';
import { isSigned, secret, startReceiver } from '../../support/receiver.js';
import type { Receiver } from '../../support/receiver.js';
import { selfSigned } from '../../support/self-signed.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});
const receive = async (answer?: Receiver['answer'], options: Parameters<typeof startReceiver>[0] = {}) => {
  const receiver = await startReceiver(options);
  closing.push(receiver.close);
  if (answer !== undefined) receiver.answer = answer;
  return receiver;
};
const deliver = ({ url }: Pick<Receiver, 'url'>, options: { ca?: string; timeoutMs?: number } = {}) =>
  createWebhook({ url, secrets: [secret], ...options }).deliver(event());

/** What must be nowhere but on the way to the receiver. */
const showsNothing = (delivery: unknown, { url }: Pick<Receiver, 'url'>): void => {
  const text = JSON.stringify(delivery);
  for (const hidden of [secret, secret.slice(6), 'hidden', url.port, '127.0.0.1', 'what the receiver wrote']) {
    expect(text).not.toContain(hidden);
  }
};

describe('a delivery', () => {
  test('is one POST of the event in JSON, signed', async () => {
    const receiver = await receive();
    const before = Math.floor(Date.now() / 1000);
    expect(await deliver(receiver)).toEqual({ outcome: 'taken', note: '204 No Content' });
    const [first, ...others] = receiver.delivered;
    expect(others).toEqual([]);
    if (first === undefined) throw new Error('nothing was delivered');
    expect(first).toMatchObject({ method: 'POST', path: '/hooks/hidden-path' });
    expect(first.headers['content-type']).toBe('application/json');
    expect(first.headers['webhook-id']).toBe(webhookId(event().id));
    expect(Number(first.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(before);
    expect(isSigned(first, secret)).toBe(true);
    expect(JSON.parse(first.body)).toEqual(event());
  });

  test('again has the same id and a new time', async () => {
    const receiver = await receive();
    await deliver(receiver);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await deliver(receiver);
    const [first, second] = receiver.delivered.map(({ headers }) => headers);
    expect(second?.['webhook-id']).toBe(first?.['webhook-id']);
    expect(second?.['webhook-timestamp']).not.toBe(first?.['webhook-timestamp']);
  });

  test('with a user and a password in the address sends them as basic authentication', async () => {
    const receiver = await receive();
    const url = new URL(receiver.url);
    url.username = 'quorate';
    url.password = 'p%40ss';
    await deliver({ url });
    const expected = `Basic ${Buffer.from('quorate:p@ss').toString('base64')}`;
    expect(receiver.delivered[0]?.headers.authorization).toBe(expected);
  });
});

describe('what the receiver answers decides', () => {
  const later = (why: string, more = {}): Delivery => ({ outcome: 'later', why, ...more });
  const refused = (why: string): Delivery => ({ outcome: 'refused', why });
  test.for<[status: number, expected: Delivery]>([
    [200, { outcome: 'taken', note: '200 OK' }],
    [202, { outcome: 'taken', note: '202 Accepted' }],
    [299, { outcome: 'taken', note: '299' }],
    [301, later('301 Moved Permanently, and redirects are not followed')],
    [307, later('307 Temporary Redirect, and redirects are not followed')],
    [400, refused('400 Bad Request')],
    [401, refused('401 Unauthorized')],
    [404, refused('404 Not Found')],
    [408, later('408 Request Timeout')],
    [410, refused('410 Gone: the receiver wants no more events')],
    [425, later('425 Too Early')],
    [429, later('429 Too Many Requests')],
    [500, later('500 Internal Server Error')],
    [503, later('503 Service Unavailable')],
    [600, later('600')],
  ])('%i', async ([status, expected]) => {
    const elsewhere = await receive();
    const receiver = await receive((response) =>
      response.writeHead(status, 'what the receiver wrote', { location: elsewhere.url.href }).end('hidden'),
    );
    const delivery = await deliver(receiver);
    expect(delivery).toEqual(expected);
    expect(elsewhere.delivered).toEqual([]);
    showsNothing(delivery, receiver);
  });

  test.for<[header: string, ms: number | undefined]>([
    ['120', 120_000],
    ['0', undefined],
    ['-5', undefined],
    ['soon', undefined],
    ['999999999', 3_600_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', undefined],
    ['Fri, 31 Dec 2100 23:59:59 GMT', 3_600_000],
  ])('Retry-After: %s', async ([header, ms]) => {
    const receiver = await receive((response) => response.writeHead(503, { 'retry-after': header }).end());
    expect(await deliver(receiver)).toEqual(
      later('503 Service Unavailable', ms === undefined ? {} : { retryAfterMs: ms }),
    );
  });

  test('a Retry-After that is a date is counted from now', async () => {
    const date = new Date(Date.now() + 90_000).toUTCString();
    const receiver = await receive((response) => response.writeHead(429, { 'retry-after': date }).end());
    const delivery = await deliver(receiver);
    if (delivery.outcome !== 'later') throw new Error('not later');
    expect(delivery.retryAfterMs).toBeGreaterThan(60_000);
    expect(delivery.retryAfterMs).toBeLessThanOrEqual(90_000);
  });

  test('an answer without end is cut off, and its status counts', async () => {
    let cut = (): void => {};
    const wasCut = new Promise<void>((resolve) => (cut = resolve));
    const receiver = await receive((response) => {
      response.writeHead(200);
      const writing = setInterval(() => response.write('x'.repeat(32_768)), 1);
      response.on('close', () => {
        clearInterval(writing);
        cut();
      });
    });
    expect(await deliver(receiver)).toEqual({ outcome: 'taken', note: '200 OK' });
    await wasCut;
  });

  test('an answer that stops in the middle counts by its status', async () => {
    const receiver = await receive((response) => response.writeHead(200).write('and then'));
    expect(await deliver(receiver, { timeoutMs: 300 })).toEqual({ outcome: 'taken', note: '200 OK' });
  });
});

describe('no answer: it may be delivered later, and nothing of the address is told', () => {
  const raw = async (onSocket: (socket: Socket) => void) => {
    const server = createServer(onSocket);
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    });
    return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/hidden-path`) };
  };
  const expectLater = async (delivery: Promise<Delivery>, receiver: Pick<Receiver, 'url'>, why: string) => {
    const answer = await delivery;
    expect(answer).toEqual({ outcome: 'later', why });
    showsNothing(answer, receiver);
  };

  test('nobody listens', async () => {
    const closed = { url: new URL(`http://127.0.0.1:${await freePort()}/hooks/hidden-path`) };
    await expectLater(deliver(closed), closed, 'nothing listens there (ECONNREFUSED)');
  });

  test('a name that does not resolve', async () => {
    const unknown = { url: new URL('https://hidden.invalid:8443/hooks') };
    const delivery = await deliver(unknown);
    expect(delivery).toEqual({ outcome: 'later', why: expect.stringMatching(/^its name does not resolve/) as unknown });
    showsNothing(delivery, unknown);
  });

  test('it takes the connection and says nothing', async () => {
    const silent = await raw(() => {});
    const began = Date.now();
    await expectLater(deliver(silent, { timeoutMs: 300 }), silent, 'no answer within 0.3 s');
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  test('it drips: the limit is for all of it', async () => {
    const dripping = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const writing = setInterval(() => socket.write('x: y\r\n'), 50);
      socket.on('close', () => clearInterval(writing));
    });
    await expectLater(deliver(dripping, { timeoutMs: 500 }), dripping, 'no answer within 0.5 s');
  });

  test('it cuts the connection', async () => {
    const cutting = await raw((socket) => socket.destroy());
    await expectLater(deliver(cutting), cutting, 'the connection was cut (ECONNRESET)');
  });

  test('it speaks something else', async () => {
    const other = await raw((socket) => socket.end('hidden 220 mail.example.org ESMTP\r\n'));
    const delivery = await deliver(other);
    expect(delivery).toMatchObject({ outcome: 'later', why: expect.stringMatching(/^no answer \(HPE_/) as unknown });
    showsNothing(delivery, other);
  });

  test('whoever asked gives up: it throws at once', async () => {
    const silent = await raw(() => {});
    const giveUp = new AbortController();
    const delivery = createWebhook({ url: silent.url, secrets: [secret] }).deliver(event(), giveUp.signal);
    setTimeout(() => giveUp.abort(), 50);
    await expect(delivery).rejects.toThrow('the delivery was given up');
  });
});

describe('over TLS', () => {
  const certificates = () => {
    const folder = temporaryFolder();
    return { own: selfSigned(folder, 'IP:127.0.0.1'), other: selfSigned(folder, 'DNS:other.example.org') };
  };

  test('a certificate of the CA that was named is trusted', async () => {
    const { own } = certificates();
    const receiver = await receive(undefined, { tls: own });
    expect(await deliver(receiver, { ca: own.cert })).toMatchObject({ outcome: 'taken' });
    expect(receiver.delivered).toHaveLength(1);
  });

  const untrusted = /^its certificate is not trusted: name its CA with caFile \(/;
  const otherName = /^its certificate is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/;
  test.for([
    ['without a CA', 'own', undefined, untrusted],
    ['of another CA', 'own', 'other', untrusted],
    ['for another name', 'other', 'other', otherName],
  ] as const)('a certificate %s is not: nothing is sent', async ([, server, ca, why]) => {
    const made = certificates();
    const receiver = await receive(undefined, { tls: made[server] });
    const delivery = await deliver(receiver, ca === undefined ? {} : { ca: made[ca].cert });
    expect(delivery).toEqual({ outcome: 'later', why: expect.stringMatching(why) as unknown });
    expect(receiver.delivered).toEqual([]);
    showsNothing(delivery, receiver);
  });
});
