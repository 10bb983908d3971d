/** How long an observation may be acted on; each destructive act compares it with the world besides, milliseconds. */
export const factsHoldMs = 15 * 60_000;

/** What the steps have seen, and whether it is still to be acted on. */
export interface Observations {
  /** A step is done: what it saw is of now. */
  done(step: string): void;
  /** The operation has waited for an answer: what was seen before that is of another time. */
  waited(): void;
  /**
   * Whether what a step saw is from before the operation waited for an answer, of another run (the workflow was reset since),
   * or older than a quarter of an hour. Each step is told so of the age once: what lies between may take longer than that
   * every time.
   */
  areOutdated(step: string, forStep: string): boolean;
}

/**
 * @param now epoch milliseconds
 * @param run tells the run from one that it was reset from, at the same place of every replay
 */
export const createObservations = (now: () => number, run: () => string): Observations => {
  let waits = 0;
  const seen = new Map<string, { readonly atMs: number; readonly waits: number; readonly run: string }>();
  const toldOfAge = new Set<string>();
  return {
    done: (step) => void seen.set(step, { atMs: now(), waits, run: run() }),
    waited: () => void (waits += 1),
    areOutdated(step, forStep) {
      const last = seen.get(step);
      if (last === undefined || last.waits !== waits || last.run !== run()) return true;
      if (now() - last.atMs <= factsHoldMs || toldOfAge.has(forStep)) return false;
      toldOfAge.add(forStep);
      return true;
    },
  };
};
