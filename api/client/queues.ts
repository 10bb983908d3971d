import type { Client } from '@temporalio/client';
import pLimit from 'p-limit';
import { ClusterQueue, names, workflowIds } from '../../model/messages.js';
import { outageOf, within } from './temporal-calls.js';

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

/** Clusters that ever had an operation, by their queues, which run for ever. */
export const clustersWithQueue = (client: Client): Promise<string[]> =>
  within(client, 10_000, async () => {
    const query = `WorkflowType = '${names.workflows.cluster}' AND ExecutionStatus = 'Running'`;
    const found: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query, pageSize: 1_000 })) {
      found.push(workflowId.slice(workflowIds.cluster('').length));
    }
    return found;
  });

export interface Queues {
  readonly queues: readonly ClusterQueue[];
  /** Which queues did not answer, and why. */
  readonly notes: readonly string[];
}

const shown = 5;

const nameList = (clusters: readonly string[]): string =>
  clusters.length <= shown
    ? clusters.join(', ')
    : `${clusters.slice(0, shown).join(', ')} and ${clusters.length - shown} more`;

/** Asks the queues of several clusters in parallel, for at most five seconds altogether. */
export const readQueues = async (client: Client, clusters: readonly string[]): Promise<Queues> => {
  const end = performance.now() + 5_000;
  const silent = new Map<string, string[]>();
  const queues = await pLimit(20).map([...clusters], async (cluster) => {
    try {
      return await within(client, Math.min(3_000, end - performance.now()), () => readQueue(client, cluster));
    } catch (error) {
      const why = await outageOf(client, error);
      if (why === undefined) throw error;
      silent.set(why, [...(silent.get(why) ?? []), cluster]);
      return undefined;
    }
  });
  return {
    queues: queues.filter((queue) => queue !== undefined),
    notes: [...silent].map(
      ([why, of]) => `operations of ${nameList(of)} that wait for their turn are not listed: ${why}`,
    ),
  };
};
