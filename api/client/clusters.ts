import type { Client } from '@temporalio/client';
import type { ClusterQueue } from '../../model/messages.js';
import { isExclusive } from '../../model/queue.js';
import type { ClusterList, ClusterSummary } from './client.js';
import { allExecutions, executionQuery } from './executions.js';
import { queuedOperations, type OperationSummary } from './operation-summary.js';
import { clustersWithQueue, readQueues } from './queues.js';

const summaryOf = (
  cluster: string,
  underWay: readonly OperationSummary[],
  queue: ClusterQueue | undefined,
): ClusterSummary => {
  const own = underWay.filter((operation) => operation.cluster === cluster);
  // Visibility lags behind the queue.
  const lockedBy =
    own.find(({ holdsLock }) => holdsLock === true)?.operation ??
    queue?.running.find(({ kind }) => isExclusive(kind))?.operation;
  return {
    cluster,
    ...(lockedBy === undefined ? {} : { lockedBy }),
    running: own.filter(({ state }) => state === 'running').length,
    blocked: own.filter(({ state }) => state === 'blocked').length,
    waiting: queue === undefined ? 0 : queuedOperations(queue).filter(({ state }) => state === 'waiting').length,
  };
};

/** Every cluster that ever had an operation, by name: running operations from visibility, waiting ones from its queue. */
export const listClusters = async (client: Client): Promise<ClusterList> => {
  const [withQueue, underWay] = await Promise.all([
    clustersWithQueue(client),
    allExecutions(client, executionQuery({ ended: false })),
  ]);
  const { queues, notes } = await readQueues(client, withQueue);
  // An operation outlives a queue that was terminated.
  const clusters = [...new Set([...withQueue, ...underWay.map(({ cluster }) => cluster)])].toSorted();
  return {
    clusters: clusters.map((cluster) =>
      summaryOf(
        cluster,
        underWay,
        queues.find((queue) => queue.cluster === cluster),
      ),
    ),
    notes: [...notes],
  };
};
