import { expect } from 'vitest';

/** Asks until the answer is as expected: `expect.poll` with time enough for a machine that is busy with other tests. */
export const eventually = <Answer>(ask: () => Answer) => expect.poll(ask, { timeout: 30_000, interval: 100 });
