import { expect, test } from 'vitest';
import { cachedWorkflows } from '../../workers/worker.js';

const gibibytes = (count: number): number => count * 1_073_741_824;

test.each([
  [0.25, 100],
  [1, 214],
  [4, 858],
  [8, 1_717],
  [64, 2_000],
])('of %d GiB a tenth is for workflows between their tasks: %d of them', (memory, count) => {
  expect(cachedWorkflows(gibibytes(memory))).toBe(count);
});
