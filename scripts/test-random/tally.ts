import type { Outcome } from '../../test/simulation/random/run-script.js';
import type { Script } from '../../test/simulation/random/script.js';

export interface Tally {
  add(seed: number, script: Script, outcome: Outcome): void;
  result(ms: number): { readonly failed: number; readonly text: string };
}

const count = (counts: Map<string, number>, what: string): void => {
  counts.set(what, (counts.get(what) ?? 0) + 1);
};

const most = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([what, times]) => `${what} ${times}`)
    .join(', ') || 'none';

/** Counts what schedules have done and how they went. */
export const createTally = (): Tally => {
  const seeds: number[] = [];
  const failed: number[] = [];
  const steps = new Map<string, number>();
  const outcomes = new Map<string, number>();
  const reasons = new Map<string, number>();
  const decisions = new Map<string, number>();
  const durations: number[] = [];
  let violations = 0;
  return {
    add: (seed, script, outcome) => {
      seeds.push(seed);
      durations.push(outcome.ms);
      if (outcome.violations.length > 0) failed.push(seed);
      violations += outcome.violations.length;
      for (const step of script.steps) count(steps, step.do);
      for (const { outcome: how = 'open' } of outcome.operations) count(outcomes, how);
      for (const reason of outcome.reasons) {
        count(reasons, /: (\w+) at /.exec(reason)?.[1] ?? reason);
        count(decisions, / -> (\w+)$/.exec(reason)?.[1] ?? 'none');
      }
    },
    result: (ms) => {
      const sorted = durations.toSorted((a, b) => a - b);
      const at = (share: number): string => ((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1000).toFixed(1);
      return {
        failed: failed.length,
        text: [
          `${seeds.length} schedules, ${violations} violations in ${failed.length} of them${failed.length === 0 ? '' : ` (seeds ${failed.toSorted((a, b) => a - b).join(', ')})`}; ${(ms / 1000).toFixed(0)} s in all, one took ${at(0.5)} s (median), ${at(1)} s (longest).`,
          `Seeds: ${Math.min(...seeds)} to ${Math.max(...seeds)}.`,
          `Operations: ${most(outcomes)}.`,
          `Steps: ${most(steps)}.`,
          `Why operations waited for a decision: ${most(reasons)}.`,
          `What was decided: ${most(decisions)}.`,
        ].join('\n\n'),
      };
    },
  };
};
