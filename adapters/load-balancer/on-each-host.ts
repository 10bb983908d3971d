import { failureClasses, QuorateError } from '../../model/failures/failure.js';
import type { Host } from '../ssh/types.js';

const definitive = (error: QuorateError): boolean => failureClasses[error.type] === 'definitive';

/**
 * Runs a task for all hosts at a time and to its end on each of them, whatever becomes of the others.
 * @throws what failed: the error of one host, a definitive one first, that also names the other hosts that failed and
 *   those where the task is done.
 */
export const onEachHost = async <T>(hosts: readonly Host[], task: (host: Host) => Promise<T>): Promise<T[]> => {
  const results = await Promise.allSettled(hosts.map(async (host) => task(host)));
  const errors: QuorateError[] = [];
  const done: { host: Host; value: T }[] = [];
  for (const [index, result] of results.entries()) {
    const host = hosts[index];
    if (host === undefined) continue;
    if (result.status === 'fulfilled') done.push({ host, value: result.value });
    else if (result.reason instanceof QuorateError) errors.push(result.reason);
    else throw result.reason; // a defect, not a state of the host
  }
  const first = errors.find(definitive) ?? errors[0];
  if (first === undefined) return done.map(({ value }) => value);
  if (hosts.length === 1) throw first;
  const others = errors.filter((error) => error !== first);
  const doneOn = done.length === 0 ? 'done on none' : `done on ${done.map(({ host }) => host.name).join(', ')}`;
  throw new QuorateError(first.type, `${[first, ...others].map((error) => error.message).join('; ')} (${doneOn})`, {
    ...(first.details.host === undefined ? {} : { host: first.details.host }),
    remedy: first.details.remedy,
    evidence: [first, ...others].flatMap((error) => error.details.evidence),
    cause: first,
  });
};
