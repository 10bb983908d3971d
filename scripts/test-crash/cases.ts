// All cases of a scenario, from what its undisturbed run did: an activity that is new is crossed without anybody adding it.
import type { Crash } from './crashes.js';
import { activityLabel } from './moments.js';
import type { ActivityName, FromWorker, Moment } from './moments.js';
import type { Case, Ran } from './run-case.js';
import type { Scenario } from './scenarios.js';

/** What an activity did in an undisturbed run. */
export interface Recorded {
  readonly activity: ActivityName;
  /** Host of each of its commands, in order. */
  readonly hosts: readonly string[];
  readonly ms: number;
  /** It succeeded: one that looks until something has happened may never have. */
  readonly ended: boolean;
}

/** The activities of an undisturbed run that a scenario crosses, in the order in which they began. */
export const recordedOf = ({ crosses = () => true }: Scenario, { messages, cancelledAt }: Ran): Recorded[] => {
  const found = new Map<string, { activity: ActivityName; hosts: string[]; ms: number; ended: boolean }>();
  const take = (message: FromWorker): void => {
    if (message.kind === 'began')
      found.set(activityLabel(message.activity), { activity: message.activity, hosts: [], ms: 0, ended: false });
    else if (message.kind === 'command') found.get(activityLabel(message.activity))?.hosts.push(message.host);
    else if (message.kind === 'ended') {
      const one = found.get(activityLabel(message.activity));
      if (one !== undefined) Object.assign(one, { ms: message.ms, ended: true });
    }
  };
  messages.slice(cancelledAt).forEach(take);
  return [...found.values()].filter(({ activity }) => crosses(activity));
};

/** Both boundaries of every activity with every kind of crash; of a lost connection: that of its first and its last command. */
export const boundaryCases = (scenario: Scenario, recorded: readonly Recorded[]): Case[] =>
  recorded.flatMap(({ activity, hosts, ended }) => {
    const made = (moment: Moment, crash: Crash): Case => ({ scenario, gate: { activity, moment }, crash });
    const boundaries: Moment[] = [{ at: 'start' }, ...(ended ? [{ at: 'end' } as const] : [])];
    const crashes: Crash[] = [
      { kind: 'worker' },
      { kind: 'temporal' },
      ...[...new Set(hosts)].flatMap((host) => [
        { kind: 'power-cut', host } as const,
        { kind: 'reboot', host } as const,
      ]),
    ];
    const numbers = hosts.length === 0 ? [] : [...new Set([1, hosts.length])];
    return [
      ...boundaries.flatMap((moment) => crashes.map((crash) => made(moment, crash))),
      ...numbers.flatMap((number) =>
        (['lost-before', 'lost-after'] as const).map((kind) =>
          made({ at: 'command', number }, { kind, host: hosts[number - 1] ?? '' }),
        ),
      ),
    ];
  });

/** A number from 0 to below 1. */
export type Random = () => number;

/** Numbers that a seed decides (mulberry32). */
export const seeded = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const pick = <Value>(random: Random, values: readonly Value[]): Value => {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
};

/** The same values in an order that the seed decides. */
export const shuffled = <Value>(random: Random, values: readonly Value[]): Value[] =>
  values
    .map((value) => ({ value, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);

/** A crash of a random kind at a random moment inside a random activity: at a command, or at any time. */
export const randomCase = (random: Random, scenario: Scenario, recorded: readonly Recorded[]): Case => {
  const { activity, hosts, ms } = pick(random, recorded);
  const number = 1 + Math.floor(random() * hosts.length);
  const moment: Moment =
    hosts.length > 0 && random() < 0.5 ? { at: 'command', number } : { at: 'afterMs', ms: Math.round(random() * ms) };
  const host = moment.at === 'command' ? hosts[number - 1] : hosts.length === 0 ? undefined : pick(random, hosts);
  const kinds = [
    'worker',
    'temporal',
    ...(host === undefined ? [] : (['lost-before', 'lost-after', 'power-cut', 'reboot'] as const)),
  ] as const;
  const kind = pick(random, kinds);
  const crash: Crash =
    kind === 'worker' || kind === 'temporal' || host === undefined ? { kind: kind as 'worker' } : { kind, host };
  return { scenario, gate: { activity, moment }, crash };
};
