import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.js';
import { isRetryOfClosedConnection } from './test/support/unhandled.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Hosts that are simulated have a command of their own: npm run test:simulation.
    exclude: ['test/simulation/**'],
    pool: 'forks',
    // A process loads its modules once for all of its files, and there is one more of them than a small machine has cores, as
    // many tests wait.
    isolate: false,
    maxWorkers: Math.max(3, availableParallelism()),
    sequence: {
      sequencer: longestFirst('/cluster-entity/', 'test/api/client', 'test/api/', 'load-balancer/', 'test/workflows/'),
    },
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    onUnhandledError: (error) => (isRetryOfClosedConnection(error) ? false : undefined),
    reporters: ['default'],
  },
});
