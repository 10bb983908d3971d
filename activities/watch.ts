import { cancellationSignal, getClient } from '@temporalio/activity';
import {
  ApplicationFailure,
  ApplicationFailureCategory,
  CancelledFailure,
  TerminatedFailure,
} from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { errorText } from '../model/failures/operator-error.js';
import { outcomeOfFailure } from '../model/progress.js';
import type { Activities, OperationEnding } from './contract.js';
import { orTryAgain } from './shared/try-again.js';

const typeOf = (cause: unknown): unknown =>
  typeof cause === 'object' && cause !== null && 'type' in cause ? cause.type : undefined;

interface Run {
  readonly operation: string;
  readonly runId: string;
  readonly runs: boolean;
}

/** @param runId default the newest of that workflow */
const describeRun = async (client: Client, workflowId: string, runId?: string): Promise<Run> => {
  const { memo, runId: found, status } = await client.workflow.getHandle(workflowId, runId).describe();
  const operation = typeof memo?.['operation'] === 'string' ? memo['operation'] : '';
  return { operation, runId: found, runs: status.name === 'RUNNING' };
};

/** How a run has ended; waits for it. */
const endingOf = async (client: Client, workflowId: string, { operation, runId }: Run): Promise<OperationEnding> => {
  try {
    await client.withAbortSignal(cancellationSignal(), () => client.workflow.getHandle(workflowId, runId).result());
    return { operation, runId, outcome: 'finished' };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    const outcome =
      cause instanceof TerminatedFailure
        ? 'terminated'
        : cause instanceof CancelledFailure
          ? 'cancelled'
          : outcomeOfFailure(typeOf(cause));
    return { operation, runId, outcome, message: errorText(cause ?? error).slice(0, 500) };
  }
};

/** A reset terminates a run and puts another in its place, with the same memo. */
const replacementOf = async (client: Client, workflowId: string, ended: OperationEnding): Promise<Run | undefined> => {
  if (ended.outcome !== 'terminated' || ended.operation === '') return undefined;
  const newest = await describeRun(client, workflowId);
  return newest.runId !== ended.runId && newest.operation === ended.operation ? newest : undefined;
};

const stillRuns = (workflowId: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'StillRuns',
    message: `${workflowId} still runs`,
    category: ApplicationFailureCategory.BENIGN,
  });

export const watchActivities = (): Pick<Activities, 'watchOperation' | 'seeEnding'> => ({
  watchOperation: async (workflowId, runId) => {
    const client = getClient();
    for (let run = await describeRun(client, workflowId, runId); ;) {
      const ending = await endingOf(client, workflowId, run);
      const replacement = await replacementOf(client, workflowId, ending);
      if (replacement === undefined) return ending;
      run = replacement;
    }
  },

  seeEnding: (workflowId, runId) =>
    orTryAgain(`looking how ${workflowId} ended`, async () => {
      const client = getClient();
      const run = await describeRun(client, workflowId, runId);
      if (run.runs) throw stillRuns(workflowId);
      const ending = await endingOf(client, workflowId, run);
      const replacement = await replacementOf(client, workflowId, ending);
      if (replacement?.runs === true) throw stillRuns(workflowId);
      return replacement === undefined ? ending : endingOf(client, workflowId, replacement);
    }),
});
