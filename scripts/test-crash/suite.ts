import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './bundle.js';
import { boundaryCases, randomCase, recordedOf, seeded, shuffled } from './cases.js';
import type { Recorded } from './cases.js';
import { startLane } from './lane.js';
import type { Lane } from './lane.js';
import { caseLabel, runCase } from './run-case.js';
import type { Case } from './run-case.js';
import { scenarios } from './scenarios.js';
import type { Scenario } from './scenarios.js';
import type { World } from './site.js';

export interface SuiteOptions {
  /** Decides which boundaries are taken and what the random crashes are. */
  readonly seed: number;
  /** How many of the boundaries' cases; default all of them. */
  readonly boundaries?: number;
  /** How many crashes at random moments. */
  readonly random: number;
  /** Only cases whose label has this text. */
  readonly only?: string;
  /** Cases side by side. */
  readonly lanes: number;
  /** After that many no further case is begun; default when all are done. */
  readonly minutes?: number;
  readonly say: (line: string) => void;
}

export interface CaseResult {
  readonly case: Case;
  readonly isRandom: boolean;
  readonly violations: readonly string[];
  readonly missed: boolean;
  readonly decided: readonly string[];
  readonly ms: number;
}

export interface SuiteResult {
  readonly results: readonly CaseResult[];
  /** All cases that there are at boundaries, also those that were not taken. */
  readonly boundaries: number;
  readonly recorded: ReadonlyMap<Scenario, readonly Recorded[]>;
  /** Wall-clock time of the cases. */
  readonly ms: number;
}

interface Planned {
  readonly case: Case;
  readonly isRandom: boolean;
}

/** Runs work on all lanes until none is left; a lane goes on with the hosts that it has as long as there is work for them. */
const onLanes = async <Work>(
  lanes: readonly Lane[],
  work: readonly Work[],
  worldOf: (one: Work) => World,
  run: (lane: Lane, one: Work) => Promise<void>,
): Promise<void> => {
  const left = [...work];
  const takeFrom = (world: World | undefined): Work | undefined => {
    const index = left.findIndex((one) => worldOf(one) === world);
    return left.splice(Math.max(index, 0), 1)[0];
  };
  const errors: unknown[] = [];
  // All come to rest before the first error is thrown: nobody closes a lane on which a case still runs.
  await Promise.all(
    lanes.map(async (lane) => {
      let world: World | undefined;
      try {
        for (let one = takeFrom(world); one !== undefined; one = takeFrom(world)) {
          world = worldOf(one);
          await run(lane, one);
        }
      } catch (error) {
        errors.push(error);
        left.length = 0;
      }
    }),
  );
  if (errors.length > 0) throw errors[0];
};

/** @throws Error when a scenario does not end well undisturbed */
const record = async (lanes: readonly Lane[], say: (line: string) => void) => {
  const recorded = new Map<Scenario, Recorded[]>();
  await onLanes(
    lanes,
    scenarios,
    ({ world }) => world,
    async (lane, scenario) => {
      const ran = await runCase(lane, scenario);
      if (ran.violations.length > 0) throw new Error(`${scenario.name}, undisturbed:\n${ran.violations.join('\n')}`);
      const activities = recordedOf(scenario, ran);
      if (activities.length === 0) throw new Error(`${scenario.name}: nothing of it is crossed`);
      recorded.set(scenario, activities);
      say(
        `${scenario.name}: ${activities.map(({ activity, hosts }) => `${activity.type} (${hosts.length})`).join(', ')}`,
      );
    },
  );
  return recorded;
};

/** Chooses cases so that every scenario and every kind of crash has its share. */
const choose = (cases: readonly Case[], count: number, seed: number): readonly Case[] => {
  if (count >= cases.length) return cases;
  const kinds = new Map<string, Case[]>();
  for (const one of shuffled(seeded(seed), cases)) {
    const kind = `${one.scenario.kind} ${one.crash.kind}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  const chosen: Case[] = [];
  while (chosen.length < count)
    for (const some of kinds.values()) {
      const one = some.pop();
      if (one !== undefined && chosen.length < count) chosen.push(one);
    }
  return chosen;
};

export const runSuite = async (options: SuiteOptions): Promise<SuiteResult> => {
  const { seed, random, only = '', say } = options;
  const folder = await mkdtemp(join(tmpdir(), 'quorate-crash-'));
  const lanes: Lane[] = [];
  try {
    const codePath = join(folder, 'workflows.js');
    await bundle(codePath);
    lanes.push(
      ...(await Promise.all(
        Array.from({ length: options.lanes }, (_, index) => startLane(join(folder, `lane-${index}`), codePath)),
      )),
    );
    say('undisturbed, with the number of commands of each activity:');
    const recorded = await record(lanes, (line) => say(`  ${line}`));
    const matches = (one: Case): boolean => caseLabel(one).includes(only);
    const all = scenarios.flatMap((scenario) => boundaryCases(scenario, recorded.get(scenario) ?? []));
    const taken = choose(all.filter(matches), options.boundaries ?? Infinity, seed);
    const next = seeded(seed);
    const drawn = Array.from({ length: random }, (_, index) => {
      const scenario = scenarios[index % scenarios.length] as Scenario;
      return randomCase(next, scenario, recorded.get(scenario) ?? []);
    });
    const everything: Planned[] = [
      ...taken.map((one) => ({ case: one, isRandom: false })),
      ...drawn.filter(matches).map((one) => ({ case: one, isRandom: true })),
    ];
    // When the time is over what was not begun is of every sort.
    const planned = options.minutes === undefined ? everything : shuffled(seeded(seed), everything);
    say(
      `seed ${seed}: ${taken.length} of ${all.length} crashes at boundaries, ${planned.length - taken.length} at random moments, ${options.lanes} side by side`,
    );
    const startedAt = Date.now();
    const endsAt = startedAt + (options.minutes ?? Infinity) * 60_000;
    const results: CaseResult[] = [];
    await onLanes(
      lanes,
      planned,
      ({ case: one }) => one.scenario.world,
      async (lane, { case: one, isRandom }) => {
        if (Date.now() > endsAt) return;
        const ran = await runCase(lane, one.scenario, one);
        const { violations, missed, decided, ms } = ran;
        results.push({ case: one, isRandom, violations, missed, decided, ms });
        const how = violations.length > 0 ? 'VIOLATED' : missed ? 'missed' : 'ok';
        say(`${results.length}/${planned.length} ${how} ${(ms / 1000).toFixed(1)} s  ${caseLabel(one)}`);
        for (const line of decided) say(`    ${line}`);
        for (const line of violations) say(`    VIOLATION ${line}`);
      },
    );
    return { results, boundaries: all.length, recorded, ms: Date.now() - startedAt };
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
    if (process.env['QUORATE_KEEP'] === undefined) await rm(folder, { recursive: true, force: true });
    else say(`logs: ${folder}`);
  }
};
