import type { Client } from '@temporalio/client';
import { ClusterQueue, names, workflowIds } from '../model/messages.js';
import { OperatorError } from '../model/operator-error.js';
import { mayMean, operationSubject } from './operation-id.js';
import { hasEnded, queuedOperations, summaryOf, type OperationSummary } from './operation-summary.js';
import { outageOf, within } from './temporal-calls.js';

export interface ListFilter {
  readonly cluster?: string;
  readonly host?: string;
  readonly kind?: string;
  /** Only those that wait for a decision. */
  readonly blocked?: boolean;
  /** Also those that have ended; default true. */
  readonly ended?: boolean;
  /** Newest first, at most this many; default 50. */
  readonly limit?: number;
}

export interface OperationList {
  readonly operations: readonly OperationSummary[];
  /** What the list may lack, and why. */
  readonly notes: readonly string[];
}

/** A string literal of the visibility query language. */
const literal = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

const visibilityQuery = ({ cluster, host, kind, blocked, ended }: ListFilter): string =>
  [
    'QuorateOperation IS NOT NULL',
    ...(cluster === undefined ? [] : [`QuorateCluster = ${literal(cluster)}`]),
    ...(host === undefined ? [] : [`QuorateHost = ${literal(host)}`]),
    ...(kind === undefined ? [] : [`QuorateKind = ${literal(kind)}`]),
    ...(blocked === true ? ['QuorateBlocked = true'] : []),
    ...(ended === false || blocked === true ? ["ExecutionStatus = 'Running'"] : []),
  ].join(' AND ');

const clustersWithQueue = async (client: Client, cluster: string | undefined): Promise<string[]> => {
  if (cluster !== undefined) return [cluster];
  const query = `WorkflowType = '${names.workflows.cluster}' AND ExecutionStatus = 'Running'`;
  const found: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) {
    found.push(workflowId.slice(workflowIds.cluster('').length));
  }
  return found;
};

/** What the entity of a cluster answers; undefined when the cluster never had an operation. */
export const readQueue = async (client: Client, cluster: string): Promise<ClusterQueue | undefined> => {
  const handle = client.workflow.getHandle(workflowIds.cluster(cluster));
  try {
    return ClusterQueue.parse(await handle.query(names.queries.queue));
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return undefined;
    throw error;
  }
};

/** Lists operations, newest first: those that began from visibility, those that wait from the queues of the clusters. */
export const listOperations = async (client: Client, filter: ListFilter = {}): Promise<OperationList> => {
  const limit = filter.limit ?? 50;
  const operations: OperationSummary[] = [];
  const notes: string[] = [];
  await within(client, 10_000, async () => {
    for await (const info of client.workflow.list({
      query: visibilityQuery(filter),
      pageSize: Math.min(limit, 1000),
    })) {
      const summary = summaryOf(info);
      if (summary !== undefined) operations.push(summary);
      if (operations.length >= limit) break;
    }
  });
  if (filter.blocked !== true) {
    for (const cluster of await clustersWithQueue(client, filter.cluster)) {
      try {
        const queue = await within(client, 3_000, () => readQueue(client, cluster));
        if (queue === undefined) continue;
        const known = new Set(operations.map(({ operation }) => operation));
        operations.push(
          ...queuedOperations(queue).filter(
            ({ operation, host, kind, state }) =>
              !known.has(operation) &&
              (filter.host ?? host) === host &&
              (filter.kind ?? kind) === kind &&
              (filter.ended !== false || !hasEnded(state)),
          ),
        );
      } catch (error) {
        const why = await outageOf(client, error);
        if (why === undefined) throw error;
        notes.push(`operations of ${cluster} that wait for their turn are not listed: ${why}`);
      }
    }
  }
  operations.sort((a, b) => (a.since < b.since ? 1 : -1));
  return { operations: operations.slice(0, limit), notes };
};

/**
 * Finds the operation that an operator means by the front of its id: the newest about that subject, and of several
 * subjects the only one that `prefer` holds for.
 *
 * @param typed such as `prod/join-worker/w2`, with or without (the beginning of) the key.
 * @throws OperatorError (not-found, ambiguous) with the candidates.
 */
export const findOperation = async (
  client: Client,
  typed: string,
  prefer: (summary: OperationSummary) => boolean = () => false,
): Promise<OperationSummary> => {
  const [cluster = '', kind, host] = typed.split('/');
  const { operations, notes } = await listOperations(client, {
    cluster,
    ...(kind === undefined || kind === '' ? {} : { kind }),
    ...(host === undefined || host === '' ? {} : { host }),
    limit: 1000,
  });
  const matching = operations.filter(({ operation }) => mayMean(typed, operation));
  const preferred = matching.filter(prefer);
  const pool = preferred.length > 0 ? preferred : matching;
  // The list is newest first: what is set last stays.
  const candidates = [
    ...new Map(pool.toReversed().map((summary) => [operationSubject(summary.operation), summary])).values(),
  ];
  const [only, ...others] = candidates;
  if (only === undefined) {
    throw new OperatorError('not-found', `No operation is called ${typed}.`, {
      evidence: notes,
      remedy: 'See their names with `quorate operations list`.',
    });
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
