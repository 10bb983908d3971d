import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { executionQuery, listExecutions, type ExecutionFilter } from './executions.js';
import { hasEnded, OperationSummary, queuedOperations } from './operation-summary.js';
import { pageToken, readPageToken, type ListPosition } from './page-token.js';
import { clustersWithQueue, readQueues, type Queues } from './queues.js';

export interface ListFilter {
  readonly cluster?: string;
  /** Only of one of these. */
  readonly clusters?: readonly string[];
  readonly host?: string;
  readonly kind?: string;
  /** Only those that wait for a decision. */
  readonly blocked?: boolean;
  /** Only those that are blocked by this type of failure, such as `Unreachable`. */
  readonly blockedBy?: string;
  /** Also those that have ended; default true. */
  readonly ended?: boolean;
  /** At most this many on the page; default 50. */
  readonly limit?: number;
  /** `nextPageToken` of the page before; default: the first page. */
  readonly pageToken?: string;
}

export const OperationList = z.object({
  operations: z.array(OperationSummary),
  /** What the list may lack, and why. */
  notes: z.array(z.string()),
  /** Good for the next page of the same list, whatever the limit; absent on the last page. */
  nextPageToken: z.string().optional(),
});
export type OperationList = z.infer<typeof OperationList>;

/** Newest first; the id breaks ties. */
const orderOf = ({ since, operation }: OperationSummary): string => `${since} ${operation}`;
const newestFirst = (one: OperationSummary, other: OperationSummary): number =>
  orderOf(one) < orderOf(other) ? 1 : -1;

const isMeant =
  ({ host, kind, ended }: ExecutionFilter) =>
  (summary: OperationSummary): boolean =>
    (host ?? summary.host) === summary.host &&
    (kind ?? summary.kind) === summary.kind &&
    (ended !== false || !hasEnded(summary.state));

/** Operations that only the queues know, after a position, and the position to go on from. */
const takeQueued = (
  all: readonly OperationSummary[],
  { part, after }: ListPosition,
  room: number,
): { taken: OperationSummary[]; next?: ListPosition } => {
  const left = all
    .filter(({ state }) => (state === 'waiting') === (part === 'waiting'))
    .filter((summary) => after === undefined || orderOf(summary) < after)
    .toSorted(newestFirst);
  const taken = left.slice(0, room);
  if (taken.length === left.length) return part === 'waiting' ? { taken, next: { part: 'begun' } } : { taken };
  const last = taken.at(-1);
  const from = last === undefined ? after : orderOf(last);
  return { taken, next: { part, ...(from === undefined ? {} : { after: from }) } };
};

/**
 * Lists operations page by page: those that wait (from the queues of the clusters), then those that run and those that
 * have ended (from visibility), then those that were withdrawn before they began. Newest first on each page. An
 * operation that begins while the pages are read may be on two of them; none is left out.
 *
 * @throws OperatorError (bad-usage) when the page token belongs to another list.
 */
export const listOperations = async (client: Client, filter: ListFilter = {}): Promise<OperationList> => {
  const { limit = 50, pageToken: token, ...meant } = filter;
  const query = executionQuery(meant);
  const fromQueues = meant.blocked !== true && meant.blockedBy === undefined;
  const operations: OperationSummary[] = [];
  let position: ListPosition | undefined =
    token !== undefined ? readPageToken(token, query) : { part: fromQueues ? 'waiting' : 'begun' };
  let asked: Queues | undefined;
  const queued = async (): Promise<OperationSummary[]> => {
    const { cluster, clusters } = meant;
    asked ??= await readQueues(
      client,
      cluster === undefined ? (clusters ?? (await clustersWithQueue(client))) : [cluster],
    );
    return asked.queues.flatMap(queuedOperations).filter(isMeant(meant));
  };

  // When the page is full, this only checks whether any withdrawn operation is left.
  while (position !== undefined && (operations.length < limit || position.part === 'withdrawn')) {
    const room = limit - operations.length;
    if (position.part === 'begun') {
      const page = await listExecutions(client, query, { pageSize: room, token: position.after });
      operations.push(...page.operations);
      position =
        page.next !== undefined ? { part: 'begun', after: page.next } : fromQueues ? { part: 'withdrawn' } : undefined;
    } else {
      const { taken, next } = takeQueued(await queued(), position, room);
      operations.push(...taken);
      position = next;
      if (room === 0) break;
    }
  }

  const begun = new Set(operations.filter(({ runId }) => runId !== undefined).map(({ operation }) => operation));
  return {
    // One that began between the two calls is in both answers.
    operations: operations
      .filter(({ runId, operation }) => runId !== undefined || !begun.has(operation))
      .toSorted(newestFirst),
    notes: [...(asked?.notes ?? [])],
    ...(position === undefined ? {} : { nextPageToken: pageToken(position, query) }),
  };
};
