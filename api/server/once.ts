import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { OperatorError } from '../../model/failures/operator-error.js';

/** Runs a request that changes something, or returns the answer that it had before. */
export type Once = <Answer>(request: FastifyRequest, work: () => Promise<Answer>) => Promise<Answer>;

/** How long answers are kept; a client gives up much sooner. */
const keptMs = 600_000;
const keptAtMost = 10_000;

const nameOf = ({ identified, url, body, headers }: FastifyRequest): string | undefined => {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  // The same key with another body, or of another caller, is another request.
  const parts = JSON.stringify([identified?.name, url, body, key]);
  return createHash('sha256').update(parts).digest('base64');
};

/** Whether a failed request is known to have no effect any more. */
const isDefinite = (error: unknown): boolean => error instanceof OperatorError && error.kind !== 'temporal-unreachable';

/**
 * The same Idempotency-Key is the same request: when its answer was lost on the way, it is answered again, not refused
 * because it was carried out. Kept in memory: a restarted server answers from what it sees.
 */
export const createOnce = (): Once => {
  const kept = new Map<string, { readonly answer: Promise<unknown>; readonly until: number }>();
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
    if (before !== undefined) return before.answer as Promise<Answer>;
    const answer = work();
    kept.set(name, { answer, until: performance.now() + keptMs });
    answer.catch((error: unknown) => {
      if (!isDefinite(error)) kept.delete(name);
    });
    return answer;
  };
};
