import type { Caller } from './access/caller.js';
import { ApiProblem } from './problems/api-problem.js';

export interface Slots {
  /** How many are taken. */
  readonly taken: () => number;
  /**
   * Takes a place for the caller.
   *
   * @returns releases it; idempotent.
   * @throws ApiProblem (too-many-requests)
   */
  readonly take: (caller: Caller) => () => void;
}

export interface SlotLimits {
  /** Places in total. */
  readonly all: number;
  readonly perToken: number;
  /** What takes a place, as the refusal names it, such as "event streams". */
  readonly what: string;
  readonly remedy: string;
  /** Seconds. */
  readonly retryAfter: number;
}

/** Counts what takes long, in total and per token. */
export const createSlots = ({ all, perToken, what, remedy, retryAfter }: SlotLimits): Slots => {
  const byToken = new Map<string, number>();
  let taken = 0;
  return {
    taken: () => taken,
    take: ({ name = '' }) => {
      const own = byToken.get(name) ?? 0;
      if (taken >= all || own >= perToken) {
        throw new ApiProblem('too-many-requests', `${own} ${what} of this caller and ${taken} of all are open.`, {
          remedy,
          headers: { 'retry-after': String(retryAfter) },
        });
      }
      byToken.set(name, own + 1);
      taken += 1;
      let given = false;
      return () => {
        if (given) return;
        given = true;
        taken -= 1;
        const left = (byToken.get(name) ?? 1) - 1;
        if (left === 0) byToken.delete(name);
        else byToken.set(name, left);
      };
    },
  };
};
