import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** From the moment the request was due, milliseconds: one that had to wait for the sender counts its wait. */
  readonly ms: number;
}

export interface Requests {
  /** @param key Idempotency-Key; a new one per request when absent */
  readonly post: (path: string, body: unknown, due?: number, key?: string) => Promise<Answer>;
  readonly get: (path: string, due?: number) => Promise<Answer>;
  readonly close: () => Promise<void>;
}

/** Requests to the API over connections that are kept open, as a busy client has them. */
export const requestsTo = (url: string, token: string): Requests => {
  const dispatcher = new Agent({ connections: 64, headersTimeout: 120_000, bodyTimeout: 120_000 });
  const send = async (
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
    due: number,
    key?: string,
  ): Promise<Answer> => {
    const answer = await request(`${url}${path}`, {
      method,
      dispatcher,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: await answer.body.json(), ms: performance.now() - due };
  };
  return {
    post: (path, body, due = performance.now(), key) => send('POST', path, body, due, key),
    get: (path, due = performance.now()) => send('GET', path, undefined, due),
    close: () => dispatcher.destroy(),
  };
};

/** Sends at a fixed rate whether or not the answers keep up, so that a slow answer delays no measurement. */
export const atRate = async (
  perSecond: number,
  seconds: number,
  send: (index: number, due: number) => Promise<Answer>,
): Promise<Answer[]> => {
  const begin = performance.now();
  const answers: Promise<Answer>[] = [];
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const due = begin + (index * 1_000) / perSecond;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    answers.push(send(index, due));
  }
  return Promise.all(answers);
};
