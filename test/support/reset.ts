import type { WorkflowHandle } from '@temporalio/client';

type EventId = NonNullable<
  NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number]['eventId']
>;

/** Ids of the events of the workflow tasks that were completed: those that a workflow can be reset to. */
export const completedTasks = async (handle: WorkflowHandle): Promise<EventId[]> => {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ eventId, workflowTaskCompletedEventAttributes: completed }) =>
    completed && eventId ? [eventId] : [],
  );
};

/** Resets a run as an operator does in the Temporal UI. @param to default its first task @returns the id of the new run */
export const resetRun = async (handle: WorkflowHandle, runId: string, to?: EventId): Promise<string> => {
  const { client, workflowId } = handle;
  const [first] = await completedTasks(client.getHandle(workflowId, runId));
  const workflowTaskFinishEventId = to ?? first;
  if (workflowTaskFinishEventId === undefined) throw new Error(`${workflowId} has completed no workflow task`);
  const { runId: newRunId } = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId,
    reason: 'a test',
    requestId: crypto.randomUUID(),
  });
  return newRunId;
};
