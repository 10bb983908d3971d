import { activityInfo, getClient } from '@temporalio/activity';
import { ServiceError } from '@temporalio/client';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { names, workflowIds } from '../model/messages.js';
import { QueueMemory } from '../model/queue-memory.js';
import { searchAttributes, visibilityLiteral } from '../model/search-attributes.js';
import type { Activities } from './contract.js';
import { orTryAgain } from './shared/try-again.js';

/** More than these were never lost one after the other. */
const runsAsked = 20;

const list = async (client: Client, query: string): Promise<WorkflowExecutionInfo[]> => {
  const found: WorkflowExecutionInfo[] = [];
  for await (const info of client.workflow.list({ query, pageSize: runsAsked })) {
    found.push(info);
    if (found.length >= runsAsked) break;
  }
  return found;
};

/** Visibility may lag: what it says to be running may have ended just now. */
const endOf = ({ closeTime }: WorkflowExecutionInfo): number => closeTime?.getTime() ?? Number.POSITIVE_INFINITY;
const newestFirst = (a: WorkflowExecutionInfo, b: WorkflowExecutionInfo): number =>
  endOf(b) === endOf(a) ? b.startTime.getTime() - a.startTime.getTime() : endOf(b) - endOf(a);

/** gRPC FAILED_PRECONDITION: "closed before WorkflowTaskStarted": no worker ever saw it, so it accepted nothing. */
const neverBegan = (error: unknown): boolean =>
  error instanceof ServiceError && /closed before WorkflowTaskStarted/.test(String((error.cause as Error).message));

const nothing: QueueMemory = { entries: [], ended: [], whole: false };

const memoryOf = async (client: Client, workflowId: string, runId: string, from: number): Promise<QueueMemory> => {
  try {
    return QueueMemory.parse(await client.workflow.getHandle(workflowId, runId).query(names.queries.memory, from));
  } catch (error) {
    if (neverBegan(error)) return nothing;
    throw error;
  }
};

export const recallActivities = (): Pick<Activities, 'findOperation' | 'recallQueue'> => ({
  findOperation: ({ operation }) =>
    orTryAgain(`looking for ${operation}`, async () => {
      const found = await list(getClient(), `${searchAttributes.operation.name} = ${visibilityLiteral(operation)}`);
      const [newest] = found.toSorted(newestFirst);
      return newest === undefined ? null : { workflowId: newest.workflowId, runId: newest.runId };
    }),

  recallQueue: ({ cluster, runId, from = 0 }) =>
    orTryAgain(`recalling the queue of ${cluster}`, async () => {
      const client = getClient();
      const workflowId = workflowIds.cluster(cluster);
      const own = activityInfo().workflowExecution?.runId;
      // One that continued as new has handed on what it knew.
      const query = `WorkflowId = ${visibilityLiteral(workflowId)} AND ExecutionStatus != 'ContinuedAsNew'`;
      const lost = (await list(client, query)).filter((run) => run.runId !== own).toSorted(newestFirst);
      const index = runId === undefined ? 0 : lost.findIndex((run) => run.runId === runId);
      const run = lost[index];
      if (run === undefined) return null;
      const memory = await memoryOf(client, workflowId, run.runId, from);
      const older = memory.whole ? undefined : lost[index + 1];
      const next =
        memory.next !== undefined
          ? { runId: run.runId, from: memory.next }
          : older === undefined
            ? null
            : { runId: older.runId, from: 0 };
      return { memory, lostAt: (run.closeTime ?? new Date()).toISOString(), next };
    }),
});
