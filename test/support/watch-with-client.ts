import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import type { Activities } from '../../src/activities/contract.js';

const outcomeOf = (cause: unknown): string => {
  if (cause instanceof TerminatedFailure) return 'terminated';
  if (cause instanceof CancelledFailure) return 'cancelled';
  if (cause instanceof ApplicationFailure && cause.type === 'RolledBack') return 'rolled-back';
  if (cause instanceof ApplicationFailure && cause.type === 'Aborted') return 'aborted';
  return 'failed';
};

/** The activity `watchOperation` with a real client, as the product's own does it. */
export const watchWithClient =
  (client: Client): Activities['watchOperation'] =>
  async (workflowId) => {
    const handle = client.workflow.getHandle(workflowId);
    const { memo, runId } = await handle.describe();
    const seen = { operation: String(memo?.['operation']), runId };
    try {
      await Promise.race([handle.result(), Context.current().cancelled]);
      return { ...seen, outcome: 'finished' };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      return { ...seen, outcome: outcomeOf(error.cause), message: error.cause?.message ?? error.message };
    }
  };
