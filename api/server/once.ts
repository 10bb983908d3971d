import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { OperatorError } from '../../model/failures/operator-error.js';

/** Runs a request that changes something, or returns the answer that it had before. */
export type Once = <Answer>(request: FastifyRequest, work: () => Promise<Answer>) => Promise<Answer>;

/** How long answers are kept; a client gives up much sooner. */
const keptMs = 600_000;
const keptAtMost = 10_000;

const hashOf = (parts: unknown): string => createHash('sha256').update(JSON.stringify(parts)).digest('base64');

/** The same key of another caller, or about something else, is another request. */
const nameOf = ({ identified, url, headers }: FastifyRequest): string | undefined => {
  const key = headers['idempotency-key'];
  return key === undefined ? undefined : hashOf([identified?.name, url, key]);
};

const keyReused = (): OperatorError =>
  new OperatorError('key-reused', 'The Idempotency-Key was used before, with another body.', {
    remedy: 'Send the body that was sent with this key, or another key (or none) with this body.',
  });

/** Whether a failed request is known to have no effect any more. */
const isDefinite = (error: unknown): boolean => error instanceof OperatorError && error.kind !== 'temporal-unreachable';

interface Kept {
  readonly body: string;
  readonly answer: Promise<unknown>;
  readonly until: number;
  /** Nothing was done: the key is free for the body that is put right. */
  isRefused: boolean;
}

/**
 * The same Idempotency-Key is the same request: when its answer was lost on the way, it is answered again, not refused
 * because it was carried out. Kept in memory: a restarted server answers from what it sees.
 */
export const createOnce = (): Once => {
  const kept = new Map<string, Kept>();
  const forget = (now: number): void => {
    for (const [name, { until }] of kept) {
      if (until > now && kept.size <= keptAtMost) return;
      kept.delete(name);
    }
  };
  return <Answer>(request: FastifyRequest, work: () => Promise<Answer>): Promise<Answer> => {
    const name = nameOf(request);
    if (name === undefined) return work();
    forget(performance.now());
    const before = kept.get(name);
    const body = hashOf(request.body ?? null);
    if (before?.body === body) return before.answer as Promise<Answer>;
    if (before?.isRefused === false) return Promise.reject(keyReused());
    const answer = work();
    const entry: Kept = { body, answer, until: performance.now() + keptMs, isRefused: false };
    kept.set(name, entry);
    answer.catch((error: unknown) => {
      entry.isRefused = true;
      if (!isDefinite(error) && kept.get(name) === entry) kept.delete(name);
    });
    return answer;
  };
};
