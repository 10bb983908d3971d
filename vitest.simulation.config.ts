import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.js';
import { isRetryOfClosedConnection } from './test/support/unhandled.js';

// Three files at a time on two cores, as half of their time is waiting. A process loads its modules once for all of its files.
export default defineConfig({
  test: {
    include: ['test/simulation/**/*.test.ts'],
    pool: 'forks',
    isolate: false,
    maxWorkers: 3,
    sequence: { sequencer: longestFirst('crash.test', 'resets.test', 'voters.test', 'etcd.test', 'observations.test') },
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/simulation/support/set-up.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    onUnhandledError: (error) => (isRetryOfClosedConnection(error) ? false : undefined),
    reporters: ['default'],
  },
});
