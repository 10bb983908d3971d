import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is yes or the time is up; says which. */
export async function waitUntil(
  question: () => boolean | Promise<boolean>,
  timeoutMs: number,
  intervalMs = 50,
): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    if (await question()) return true;
    if (Date.now() >= end) return false;
    await sleep(intervalMs);
  }
}
