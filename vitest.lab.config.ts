import { defineConfig } from 'vitest/config';
import { partsLeftOut } from './test/lab/support/of-today.js';

/** What real hosts answer is recorded or compared when asked for only: it takes five minutes. */
const answers = process.env['QUORATE_LAB_ANSWERS'] === undefined ? ['70-answers'] : [];

// One lab, one file after the other: the scenarios build on real hosts that share two cores.
export default defineConfig({
  test: {
    include: ['test/lab/**/*.lab.ts'],
    exclude: [...partsLeftOut(process.env, new Date()), ...answers].map((name) => `test/lab/${name}.lab.ts`),
    pool: 'forks',
    globalSetup: ['test/support/global-setup.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 1_500_000,
    bail: 0,
    reporters: ['verbose'],
  },
});
