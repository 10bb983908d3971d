import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.js';
import { isRetryOfClosedConnection } from './test/support/unhandled.js';

const crash = 'test/simulation/crash.test.ts';

// Two files at a time, as half of their time is waiting; where something dies at every boundary, with limits on
// how long an operation may take then, that file has the machine for itself. A process loads its modules once for its files.
export default defineConfig({
  test: {
    pool: 'forks',
    isolate: false,
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/simulation/support/set-up.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    onUnhandledError: (error) => (isRetryOfClosedConnection(error) ? false : undefined),
    sequence: { sequencer: longestFirst('resets.test', 'voters.test', 'etcd.test', 'observations.test') },
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'hosts',
          include: ['test/simulation/**/*.test.ts'],
          exclude: [crash],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'crash', include: [crash], maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
