import { createHash } from 'node:crypto';

/**
 * Name of the transient unit in which a step's command runs on a host.
 * Made from what stays the same over every attempt, so that a later attempt finds the unit of an earlier one;
 * `round` changes only when an operator's decision starts the step anew, `run` when the workflow was reset in Temporal or
 * its id begun again: what another run's command did is no result of this one.
 * @throws TypeError when `step` is not in kebab case: it is readable in the name.
 */
export const unitName = (of: { operation: string; run: string; step: string; host: string; round: number }): string => {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(of.step)) throw new TypeError(`not a step name: ${of.step}`);
  const hash = createHash('sha256')
    .update(JSON.stringify([of.operation, of.run, of.step, of.host, of.round]))
    .digest('hex')
    .slice(0, 12);
  return `quorate-${of.step}-${hash}.service`;
};

/** Where the output of a unit is kept on its host. */
export const unitLogFile = (unit: string): string => `/var/log/quorate/${unit.replace(/\.service$/, '')}.log`;
