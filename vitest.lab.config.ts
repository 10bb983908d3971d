import { defineConfig } from 'vitest/config';

// One lab, one file after the other: the scenarios build on real hosts that share two cores.
export default defineConfig({
  test: {
    include: ['test/lab/**/*.lab.ts'],
    pool: 'forks',
    globalSetup: ['test/support/global-setup.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 1_500_000,
    bail: 0,
    reporters: ['verbose'],
  },
});
