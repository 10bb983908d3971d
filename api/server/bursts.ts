export interface Bursts {
  /** Counts one more. @returns whether it is the first one of its burst. */
  readonly count: (name: string) => boolean;
}

/** How long nothing has to happen for a burst to be over, and after what time one that goes on is told again, milliseconds. */
const quietMs = 2_000;
const toldEveryMs = 60_000;
/** Names at the same time; what is beyond them is counted together. */
const namesAtMost = 1_000;
const others = 'others';

/**
 * Turns what happens again and again into one line: the first one is told by whoever counts it, and how many came after
 * it is told when they are over, once a minute while they are not.
 *
 * @param tell about `more` after the first one
 */
export const createBursts = (tell: (name: string, more: number) => void): Bursts => {
  const counted = new Map<string, { more: number; last: number; told: number }>();
  const look = (name: string): void => {
    const burst = counted.get(name);
    if (burst === undefined) return;
    const now = performance.now();
    const isOver = now - burst.last >= quietMs;
    if (burst.more > 0 && (isOver || now - burst.told >= toldEveryMs)) {
      tell(name, burst.more);
      Object.assign(burst, { more: 0, told: now });
    }
    if (isOver) counted.delete(name);
    else setTimeout(look, quietMs, name).unref();
  };
  return {
    count: (wanted) => {
      const name = counted.has(wanted) || counted.size < namesAtMost ? wanted : others;
      const now = performance.now();
      const burst = counted.get(name);
      if (burst === undefined) {
        counted.set(name, { more: 0, last: now, told: now });
        setTimeout(look, quietMs, name).unref();
        return true;
      }
      burst.more += 1;
      burst.last = now;
      return false;
    },
  };
};
