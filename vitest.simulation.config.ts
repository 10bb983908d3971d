import { defineConfig } from 'vitest/config';

// Three files at a time on two cores, as half of their time is waiting. A process loads its modules once for all of its files.
export default defineConfig({
  test: {
    include: ['test/simulation/**/*.test.ts'],
    pool: 'forks',
    isolate: false,
    maxWorkers: 3,
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/simulation/support/set-up.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
});
