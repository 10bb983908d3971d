import type { Client } from '@temporalio/client';
import { names, taskQueue as defaultTaskQueue } from '../model/messages.js';
import type { OperationContext } from '../model/operation.js';
import { OperatorError, errorText } from '../model/operator-error.js';
import { StatusReport } from '../model/status.js';
import { persist, type Patience } from './temporal-calls.js';

/**
 * Reads the state of a cluster through a worker, which alone reaches the hosts. Changes nothing. Several who ask at the
 * same time share one reading.
 *
 * @param context of the cluster; its target is any control-plane host.
 * @throws OperatorError (temporal-unreachable, failed)
 */
export const readStatus = async (
  client: Client,
  context: OperationContext,
  options: Partial<Patience> & { taskQueue?: string } = {},
): Promise<StatusReport> => {
  const { taskQueue = defaultTaskQueue, ...patience } = options;
  try {
    return await persist(
      client,
      `reading the status of ${context.cluster}`,
      { totalMs: 90_000, callMs: 30_000, ...patience },
      async () =>
        StatusReport.parse(
          await client.workflow.execute<(context: OperationContext) => Promise<StatusReport>>(names.workflows.status, {
            workflowId: `status/${context.cluster}`,
            workflowIdConflictPolicy: 'USE_EXISTING',
            taskQueue,
            args: [context],
            // It only reads: one that no worker took in time is of no use to anybody.
            workflowRunTimeout: '2 minutes',
            staticSummary: `status of ${context.cluster}`,
          }),
        ),
    );
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new OperatorError('failed', `The status of ${context.cluster} could not be read: ${errorText(cause)}`, {
      remedy: 'See that a worker runs (`quorate worker` or `quorate dev`) and that it reaches the hosts over SSH.',
      cause: error,
    });
  }
};
