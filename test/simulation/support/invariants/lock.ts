import type { Client } from '@temporalio/client';

interface Run {
  readonly operation: string;
  readonly workflowId: string;
  /** None when it ended while it waited for its turn: it held nothing. */
  readonly runId?: string | undefined;
}

/**
 * Invariant 6, as the server has it: operations that change the membership of a cluster never ran at the same time, and
 * none ran twice.
 */
export const overlaps = async (client: Client, ended: readonly Run[]): Promise<string[]> => {
  const times = await Promise.all(
    ended
      .filter(({ runId }) => runId !== undefined)
      .map(async ({ operation, workflowId, runId }) => {
        const { startTime, closeTime } = await client.workflow.getHandle(workflowId, runId).describe();
        return { operation, workflowId, began: startTime.getTime(), closed: closeTime?.getTime() ?? Infinity };
      }),
  );
  const exclusive = times
    .filter(({ workflowId }) => workflowId.startsWith('change/'))
    .toSorted((a, b) => a.began - b.began);
  return [
    ...exclusive.flatMap((one, index) => {
      const before = exclusive[index - 1];
      return before !== undefined && one.began < before.closed
        ? [`invariant 6: ${one.operation} began while ${before.operation} still held the membership lock`]
        : [];
    }),
    ...times
      .filter(({ operation }, index) => times.findIndex((other) => other.operation === operation) !== index)
      .map(({ operation }) => `invariant 6: ${operation} ran twice`),
  ];
};
