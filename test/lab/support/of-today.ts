// What of the lab's long tests CI runs (QUORATE_LAB=today): another part each day. Without it a day is as the other.
import { chosenOf } from '../../support/chosen.js';

/** One of them a day; the failures come twice, as they are many. */
const parts = ['60-failures', '40-load-balancer-outage', '60-failures', '50-cut-off'] as const;
type Part = (typeof parts)[number];

/** How many scenarios of failures a day has that has some. */
const scenariosADay = '3';

const isSampled = (environment: NodeJS.ProcessEnv): boolean => environment['QUORATE_LAB'] === 'today';

/** The long parts that another day has. */
export const partsLeftOut = (environment: NodeJS.ProcessEnv, today: Date): readonly Part[] => {
  if (!isSampled(environment)) return [];
  const [chosen] = chosenOf(parts, '1', today);
  return [...new Set(parts)].filter((part) => part !== chosen);
};

/**
 * The scenarios of failures that run: with `QUORATE_LAB_FAILURES=all` all, in CI those of today, otherwise those that
 * every run has.
 * @param all neighbours are alike, and take as long as each other: they do not come on the same day
 */
export const chosenScenarios = <Item extends { readonly inEveryLabRun?: boolean }>(
  all: readonly Item[],
  environment: NodeJS.ProcessEnv,
  today: Date,
): readonly Item[] => {
  if (environment['QUORATE_LAB_FAILURES'] === 'all') return all;
  if (!isSampled(environment)) return all.filter(({ inEveryLabRun }) => inEveryLabRun === true);
  const apart = [0, 1, 2].flatMap((rest) => all.filter((_, index) => index % 3 === rest));
  // Every other day has failures.
  return chosenOf(apart, scenariosADay, new Date(today.getTime() / 2));
};
