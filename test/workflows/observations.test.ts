import { describe, expect, test } from 'vitest';
import { createObservations, factsHoldMs } from '../../workflows/observations.js';

const at = (ms = 0) => {
  let now = ms;
  let run = '1';
  const observations = createObservations(
    () => now,
    () => run,
  );
  return { observations, pass: (more: number) => (now += more), reset: () => (run += '1') };
};

describe('R4: facts have an age', () => {
  test('what was never seen is no ground to act on', () => {
    expect(at().observations.areOutdated('read', 'reset')).toBe(true);
  });

  test('what was just seen is', () => {
    const { observations, pass } = at();
    observations.done('read');
    pass(factsHoldMs);
    expect(observations.areOutdated('read', 'reset')).toBe(false);
  });

  test('what was seen before the operation waited for an answer is not, however short the wait', () => {
    const { observations } = at();
    observations.done('read');
    observations.waited();
    expect(observations.areOutdated('read', 'reset')).toBe(true);
    // Not even a second time: only a new reading helps.
    expect(observations.areOutdated('read', 'reset')).toBe(true);
    observations.done('read');
    expect(observations.areOutdated('read', 'reset')).toBe(false);
  });

  test('what is older than a quarter of an hour is not, once for each step: what lies between may take longer', () => {
    const { observations, pass } = at(1_764_000_000_000);
    observations.done('read');
    pass(15 * 60_000 + 1);
    expect(observations.areOutdated('read', 'join')).toBe(true);
    observations.done('read');
    pass(20 * 60_000);
    expect(observations.areOutdated('read', 'join')).toBe(false);
    expect(observations.areOutdated('read', 'reset')).toBe(true);
    // A wait makes it outdated all the same.
    observations.waited();
    expect(observations.areOutdated('read', 'join')).toBe(true);
  });

  test('R1: what was seen before the workflow was reset is not: that was another run', () => {
    const { observations, reset } = at();
    observations.done('read');
    reset();
    expect(observations.areOutdated('read', 'reset')).toBe(true);
    observations.done('read');
    expect(observations.areOutdated('read', 'reset')).toBe(false);
  });

  test('another step says nothing of it', () => {
    const { observations } = at();
    observations.done('check');
    expect(observations.areOutdated('read', 'reset')).toBe(true);
  });
});
