import type { Client } from '@temporalio/client';
import { OperatorError } from '../../model/failures/operator-error.js';
import { executionQuery, largestPage, listExecutions, type ExecutionFilter } from './executions.js';
import { mayMean, operationSubject } from './operation-id.js';
import { begunOperations, hasEnded, queuedOperations, type OperationSummary } from './operation-summary.js';
import { readQueues } from './queues.js';

const preferences = {
  blocked: ({ state }: OperationSummary): boolean => state === 'blocked',
  'not-ended': ({ state }: OperationSummary): boolean => !hasEnded(state),
};

/** As narrow as the input allows: whole parts match exactly, the key may be abbreviated. */
const filterOf = (typed: string): ExecutionFilter => {
  const [cluster, kind = '', host = '', key = ''] = typed.split('/');
  return {
    cluster,
    ...(kind === '' ? {} : { kind }),
    ...(host === '' ? {} : { host }),
    ...(key === '' ? {} : { operation: typed.replace(/\/+$/, '') }),
  };
};

const newestFirst = (one: OperationSummary, other: OperationSummary): number => (one.since < other.since ? 1 : -1);

const notFound = (typed: string, evidence: readonly string[] = []): OperatorError =>
  new OperatorError('not-found', `No operation is called ${typed}.`, {
    evidence,
    remedy: 'See their names with `quorate operations list`.',
  });

/** The characters of operation ids. Any other input cannot match, so the server is not asked. */
const mayBeName = /^[a-z0-9./-]+$/;

/**
 * Finds the operation that an operator means by a prefix of its id: the newest one of that subject, and among several
 * subjects the only one in the state that `prefer` names.
 *
 * @param typed such as `prod/join-worker/w2`, with or without (the beginning of) the key.
 * @throws OperatorError (not-found, ambiguous) with the candidates.
 */
export const findOperation = async (
  client: Client,
  typed: string,
  prefer?: keyof typeof preferences,
): Promise<OperationSummary> => {
  if (!mayBeName.test(typed)) throw notFound(typed);
  const filter = filterOf(typed);
  const { operations: begun } = await listExecutions(client, executionQuery(filter), { pageSize: largestPage });
  const known = new Set(begun.map(({ operation }) => operation));
  // A full id is unambiguous: its queue has nothing to add.
  const { queues, notes } = known.has(typed)
    ? { queues: [], notes: [] }
    : await readQueues(client, filter.cluster === undefined ? [] : [filter.cluster]);
  const inQueues = queues
    .flatMap((queue) => [...queuedOperations(queue), ...begunOperations(queue)])
    .filter(({ operation }) => !known.has(operation));
  const matching = [...begun, ...inQueues].filter(({ operation }) => mayMean(typed, operation)).toSorted(newestFirst);
  const preferred = prefer === undefined ? [] : matching.filter(preferences[prefer]);
  const pool = preferred.length > 0 ? preferred : matching;
  // The list is newest first, and the last write wins.
  const candidates = [
    ...new Map(pool.toReversed().map((summary) => [operationSubject(summary.operation), summary])).values(),
  ];
  const [only, ...others] = candidates;
  if (only === undefined) {
    throw notFound(typed, notes);
  }
  if (others.length > 0) {
    throw new OperatorError('ambiguous', `${typed} may mean ${candidates.length} operations.`, {
      evidence: candidates.map(({ operation, state, blockedReason }) =>
        blockedReason === undefined ? `${operation} (${state})` : `${operation} (${state} by ${blockedReason})`,
      ),
      remedy: 'Name one of them.',
    });
  }
  return only;
};
