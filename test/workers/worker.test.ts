import { expect, test } from 'vitest';
import { cachedWorkflows } from '../../src/workers/worker.js';

const gibibytes = (count: number): number => count * 1_073_741_824;

test.each([
  [1, 100],
  [4, 252],
  [8, 505],
  [64, 1_000],
])('of %d GiB a tenth is for workflows between their tasks: %d of them', (memory, count) => {
  expect(cachedWorkflows(gibibytes(memory))).toBe(count);
});
