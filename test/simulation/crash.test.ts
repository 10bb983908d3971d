// Something dies in the middle of operations: a selection that differs from run to run. The whole: npm run test:crash -- --all
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundle } from '../../scripts/test-crash/bundle.js';
import { startLane } from '../../scripts/test-crash/lane.js';
import { summaryOf } from '../../scripts/test-crash/results.js';
import { runCase } from '../../scripts/test-crash/run-case.js';
import { scenarios } from '../../scripts/test-crash/scenarios.js';
import { runSuite } from '../../scripts/test-crash/suite.js';

/** QUORATE_SEED repeats a selection. */
const seed = Number(process.env['QUORATE_SEED'] ?? Math.floor(Math.random() * 1e6));

describe('crash anywhere', () => {
  it(`leaves every invariant as it is (QUORATE_SEED=${seed})`, async () => {
    const result = await runSuite({ seed, boundaries: 36, random: 9, lanes: 2, say: (line) => console.log(line) });
    const { text, wrong } = summaryOf(result);
    console.log(text);
    expect(wrong).toEqual([]);
    expect(result.boundaries).toBeGreaterThan(600);
  }, 900_000);

  it('tells of a world that is not as reported, and of a moment that did not come', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quorate-crash-test-'));
    const codePath = join(folder, 'workflows.js');
    await bundle(codePath);
    const lane = await startLane(folder, codePath);
    try {
      const joinWorker = scenarios.find(({ name }) => name === 'join-worker');
      if (joinWorker === undefined) throw new Error('there is no scenario join-worker');
      const { violations, missed } = await runCase(
        lane,
        {
          ...joinWorker,
          afterwards: async ({ simulation }) => {
            await simulation.host('cp1').check('kubeadm token create');
          },
        },
        {
          gate: { activity: { type: 'enableBackend', occurrence: 1 }, moment: { at: 'start' } },
          crash: { kind: 'worker' },
        },
      );
      expect(violations.join('\n')).toMatch(/invariant 8: the token \w+ .*is left/);
      expect(missed).toBe(true);
    } finally {
      await lane.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }, 180_000);
});
