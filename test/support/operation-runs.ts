import type { Client } from '@temporalio/client';
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import { expect } from 'vitest';

export interface OperationRun {
  readonly operation: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly status: string;
  /** Epoch milliseconds. */
  readonly began: number;
  /** Infinity while it runs. */
  readonly closed: number;
}

const operationKey = defineSearchAttributeKey('QuorateOperation', SearchAttributeType.KEYWORD);

/** Every run of an operation of the cluster as the server lists it, oldest first. */
export const operationRuns = async (client: Client, cluster: string): Promise<OperationRun[]> => {
  const runs: OperationRun[] = [];
  const query = `QuorateCluster = '${cluster}' AND QuorateOperation IS NOT NULL`;
  for await (const { workflowId, runId, status, startTime, closeTime, typedSearchAttributes } of client.workflow.list({
    query,
  })) {
    runs.push({
      operation: typedSearchAttributes.get(operationKey) ?? '',
      workflowId,
      runId,
      status: status.name,
      began: startTime.getTime(),
      closed: closeTime?.getTime() ?? Number.POSITIVE_INFINITY,
    });
  }
  return runs.toSorted((a, b) => a.began - b.began);
};

/** No operation has two runs, and no two runs have the membership lock at the same time. */
export const expectOnceAndApart = (runs: readonly OperationRun[]): void => {
  expect(runs.map(({ operation }) => operation).toSorted()).toEqual(
    [...new Set(runs.map(({ operation }) => operation))].toSorted(),
  );
  runs
    .filter(({ workflowId }) => workflowId.startsWith('change/'))
    .reduce<OperationRun | undefined>((before, run) => {
      if (before !== undefined) expect(run.began).toBeGreaterThanOrEqual(before.closed);
      return run;
    }, undefined);
};
