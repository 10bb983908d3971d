import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { SubmitResult, names, taskQueue, workflowIds, type SubmitRequest } from '../../model/messages.js';
import { searchAttributes } from '../../model/search-attributes.js';
import { OperatorError } from '../../model/failures/operator-error.js';
import { callUntilAnswered, refusal, type Patience } from './temporal-calls.js';

export interface SubmitOptions extends Partial<Patience> {
  /** Default `quorate`. */
  readonly taskQueue?: string;
}

type QueueWorkflow = (state: { cluster: string; ended: readonly unknown[] }) => Promise<void>;

/** Worth another try: the cluster entity was terminated or continued as new in between. */
const wasInterrupted = (type: string): boolean => type === 'AcceptedUpdateCompletedWorkflow';

/**
 * Hands an operation to its cluster's queue; starts the queue on first use, and again when it was terminated. Safe to
 * repeat: the queue knows the ids it had, also those of the queues before it (docs/design.md, The server is the mutex).
 *
 * @throws OperatorError (temporal-unreachable when nobody knows whether it was taken, refused)
 */
export const submitOperation = async (
  client: Client,
  request: SubmitRequest,
  options: SubmitOptions = {},
): Promise<SubmitResult> => {
  const { cluster, operation } = request.context;
  // Not the operation's id: the server answers for an id of a closed run, too, and then starts no queue.
  const call = (updateId: string) => () =>
    client.workflow.executeUpdateWithStart<QueueWorkflow, SubmitResult, [SubmitRequest]>(names.updates.submit, {
      args: [request],
      updateId,
      // Good for one call only.
      startWorkflowOperation: new WithStartWorkflowOperation<QueueWorkflow>(names.workflows.cluster, {
        workflowId: workflowIds.cluster(cluster),
        workflowIdConflictPolicy: 'USE_EXISTING',
        taskQueue: options.taskQueue ?? taskQueue,
        args: [{ cluster, ended: [] }],
        staticSummary: `queue of ${cluster}`,
        typedSearchAttributes: [{ key: searchAttributes.cluster, value: cluster }],
      }),
    });
  const patience: Patience = { ...options, totalMs: options.totalMs ?? 60_000 };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const updateId = `${operation}/${randomUUID()}`;
      return SubmitResult.parse(await callUntilAnswered(client, `submitting ${operation}`, patience, call(updateId)));
    } catch (error) {
      const refused = refusal(error);
      if (refused === undefined) throw error;
      if (wasInterrupted(refused.type) && attempt < 5) continue;
      if (refused.type === 'KeyReused') {
        throw new OperatorError('key-reused', `${operation} was not taken: ${refused.message}.`, {
          evidence: [`see what was asked for: quorate operations show ${operation}`],
          remedy:
            'Send the specification as it was sent with this key, or choose another key (or none) for a new operation.',
          cause: error,
        });
      }
      throw new OperatorError(
        refused.type === 'InvalidSpecification' ? 'bad-usage' : 'refused',
        `${operation} was not taken: ${refused.message}`,
        { remedy: 'Mend what it says and run the command again.', cause: error },
      );
    }
  }
};
