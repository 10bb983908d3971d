import type { Caller } from '../access/caller.js';
import type { Limits } from '../options.js';
import { ApiProblem } from '../problems/api-problem.js';

export interface StreamSlots {
  /** How many are open. */
  readonly open: () => number;
  /**
   * Takes a place for an event stream.
   *
   * @returns releases it; idempotent.
   * @throws ApiProblem (too-many-requests)
   */
  readonly take: (caller: Caller) => () => void;
}

/** Counts event streams, in total and per token: they stay open for as long as an operation runs. */
export const createStreamSlots = ({ streams, streamsPerToken }: Limits): StreamSlots => {
  const byToken = new Map<string, number>();
  let all = 0;
  return {
    open: () => all,
    take: ({ name = '' }) => {
      const own = byToken.get(name) ?? 0;
      if (all >= streams || own >= streamsPerToken) {
        throw new ApiProblem('too-many-requests', `${own} event streams of this caller and ${all} of all are open.`, {
          remedy: 'Close some, or ask for the operation itself from time to time.',
          headers: { 'retry-after': '10' },
        });
      }
      byToken.set(name, own + 1);
      all += 1;
      let given = false;
      return () => {
        if (given) return;
        given = true;
        all -= 1;
        const left = (byToken.get(name) ?? 1) - 1;
        if (left === 0) byToken.delete(name);
        else byToken.set(name, left);
      };
    },
  };
};
