import { expect, test } from 'vitest';
import { deliveryDelayMs, deliveryRetry } from '../../../model/notifications/notification-policy.js';

test('pauses double up to ten minutes; a receiver makes them longer, never shorter', () => {
  expect([1, 2, 3, 8, 9, 10, 150].map((attempt) => deliveryDelayMs(attempt))).toEqual([
    2_000, 4_000, 8_000, 256_000, 512_000, 600_000, 600_000,
  ]);
  expect(deliveryDelayMs(1, 120_000)).toBe(120_000);
  expect(deliveryDelayMs(10, 1_000)).toBe(600_000);
});

test('a receiver may be down for most of a day', () => {
  const pauses = Array.from({ length: deliveryRetry.attempts - 1 }, (_, index) => deliveryDelayMs(index + 1));
  expect(pauses.reduce((sum, ms) => sum + ms) / 3_600_000).toBeGreaterThan(23);
});
