import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBursts } from '../../../api/server/bursts.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first of a burst is told apart, and how many came after it is told once it is over', async () => {
  const told: unknown[] = [];
  const bursts = createBursts((name, more) => told.push([name, more]));
  expect([bursts.count('a'), bursts.count('a'), bursts.count('b'), bursts.count('a')]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told).toEqual([['a', 2]]);
  expect(bursts.count('a')).toBe(true);
});

test('a burst that does not end is told of once a minute', async () => {
  const told: number[] = [];
  const bursts = createBursts((_name, more) => told.push(more));
  for (let second = 0; second < 150; second += 1) {
    bursts.count('a');
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(told.length).toBe(2);
});

test('many names at once cost no more than a thousand', () => {
  const bursts = createBursts(() => {});
  const first = Array.from({ length: 5_000 }, (_, index) => bursts.count(`name${index}`)).filter(Boolean);
  expect(first.length).toBeLessThanOrEqual(1_001);
});
