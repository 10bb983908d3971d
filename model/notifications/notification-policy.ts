/** Pauses between the attempts to deliver an event, milliseconds: a receiver may be down for a day. */
export const deliveryRetry = { firstMs: 2_000, factor: 2, mostMs: 600_000, attempts: 150 } as const;

/**
 * The pause before the next attempt, milliseconds. A receiver may make it longer but not shorter, else it would use up
 * the attempts.
 * @param attempt 1 at first
 */
export const deliveryDelayMs = (attempt: number, askedForMs = 0): number => {
  const { firstMs, factor, mostMs } = deliveryRetry;
  return Math.max(Math.min(firstMs * factor ** (attempt - 1), mostMs), askedForMs);
};
