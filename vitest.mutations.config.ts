import { defineConfig } from 'vitest/config';

// Each test breaks the product on purpose in a copy of the tree and runs named tests there: one at a time.
export default defineConfig({
  test: {
    include: ['test/mutations/**/*.mutation.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    reporters: ['verbose'],
  },
});
