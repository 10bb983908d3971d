import { cancellationSignal, getClient } from '@temporalio/activity';
import { CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
import { errorText } from '../model/operator-error.js';
import type { Activities } from './contract.js';

export const watchActivities = (): Pick<Activities, 'watchOperation'> => ({
  watchOperation: async (workflowId) => {
    const client = getClient();
    const handle = client.workflow.getHandle(workflowId);
    const { memo, runId } = await handle.describe();
    const operation = typeof memo?.['operation'] === 'string' ? memo['operation'] : '';
    try {
      await client.withAbortSignal(cancellationSignal(), () => handle.result());
      return { operation, runId, outcome: 'finished' };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      const { cause } = error;
      const outcome =
        cause instanceof TerminatedFailure
          ? 'terminated'
          : cause instanceof CancelledFailure
            ? 'cancelled'
            : outcomeByType(cause);
      return { operation, runId, outcome, message: errorText(cause ?? error).slice(0, 500) };
    }
  },
});

const outcomeByType = (cause: unknown): string => {
  const type = typeof cause === 'object' && cause !== null && 'type' in cause ? cause.type : undefined;
  return type === 'RolledBack' ? 'rolled-back' : type === 'Aborted' ? 'aborted' : 'failed';
};
