import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
} from '@temporalio/workflow';
import { isFailureType, QuorateError } from '../../model/failures/failure.js';
import type { SubmitRequest } from '../../model/messages.js';
import { phraseOf } from '../../model/operations.js';
import { searchAttributes } from '../../model/search-attributes.js';
import type { OperationResult } from '../runner.js';
import type { OperationState, Step } from '../step.js';

/** An operation about one host, as part of one about its cluster. */
export interface ChildOperation {
  /** Id of the step; of the child it is the host that the operator reads. */
  readonly id: string;
  /** Type of its workflow. */
  readonly workflow: string;
  readonly request: SubmitRequest;
}

const failed = ({ request: { context } }: ChildOperation, cause: ApplicationFailure): QuorateError => {
  const { operation, target } = context;
  return new QuorateError(
    isFailureType(cause.type) ? cause.type : 'CommandFailed',
    `${operation} did not finish: ${cause.message}`,
    {
      host: target.name,
      remedy: `see \`quorate operations show ${operation}\`, mend the cause, then retry: hosts that are done stay so`,
      evidence: [],
      cause,
    },
  );
};

/**
 * Runs an operation about one host as a child: with a page, a history, decisions and an undo of its own. The step lasts as
 * long as it; a cancel is handed on, and its undo is waited for. What it has finished is not undone with the rest.
 */
export const childOperation = <State extends OperationState>(child: ChildOperation): Step<State> => {
  const { id, workflow, request } = child;
  const { context, by } = request;
  const { kind, cluster, target, operation } = context;
  const phrase = phraseOf({ kind, cluster, host: target.name });
  return {
    id,
    title: () => phrase,
    changes: true,
    run: async () => {
      try {
        const { summary } = await executeChild<(request: SubmitRequest) => Promise<OperationResult>>(workflow, {
          workflowId: `op/${operation}`,
          args: [request],
          cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
          // Whoever terminates the whole leaves no part of it running without a lock.
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          staticSummary: phrase,
          memo: { operation, by },
          typedSearchAttributes: [
            { key: searchAttributes.cluster, value: cluster },
            { key: searchAttributes.host, value: target.name },
            { key: searchAttributes.operation, value: operation },
            { key: searchAttributes.kind, value: kind },
          ],
        });
        return summary;
      } catch (error) {
        if (isCancellation(error) || !(error instanceof ChildWorkflowFailure)) throw error;
        if (error.cause instanceof ApplicationFailure) throw failed(child, error.cause);
        throw error;
      }
    },
  };
};
