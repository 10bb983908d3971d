import { CancelledFailure, TerminatedFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  ParentClosePolicy,
  isCancellation,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { names } from '../model/messages.js';
import type { SubmitRequest } from '../model/messages.js';
import type { OperationOutcome } from '../model/progress.js';
import { long, titled } from './activities.js';
import { attributes } from './visibility.js';

export interface Ending {
  readonly outcome: OperationOutcome;
  readonly runId?: string;
  readonly message?: string;
}

const outcomes: readonly OperationOutcome[] = [
  'finished',
  'failed',
  'cancelled',
  'rolled-back',
  'aborted',
  'terminated',
];

/** How a child ended, in the words of an operation. */
const endingOf = (error: unknown): Ending => {
  if (!(error instanceof ChildWorkflowFailure)) throw error;
  const { cause } = error;
  if (cause instanceof TerminatedFailure) {
    return {
      outcome: 'terminated',
      message: 'terminated from outside: nothing was undone; the next operation reads the world first',
    };
  }
  if (cause instanceof CancelledFailure) return { outcome: 'cancelled' };
  if (cause instanceof ApplicationFailure) {
    const outcome = cause.type === 'RolledBack' ? 'rolled-back' : cause.type === 'Aborted' ? 'aborted' : 'failed';
    return { outcome, message: cause.message.slice(0, 500) };
  }
  return { outcome: 'failed', message: (cause?.message ?? error.message).slice(0, 500) };
};

const staticSummary = ({ context: { kind, target, cluster } }: SubmitRequest): string =>
  kind === 'init' ? `init ${cluster} on ${target.name}` : `${kind} ${target.name} into ${cluster}`;

/** A watch that failed for good does not lose the operation: the next try to start it tells whether the other still runs. */
const watch = async (workflowId: string) => {
  try {
    return await titled(long.watchOperation, `watch ${workflowId} to its end`, workflowId);
  } catch (error) {
    if (isCancellation(error)) throw error;
    await sleep('3s', { summary: `before ${workflowId} is tried again` });
    return undefined;
  }
};

/**
 * Runs an operation as a child that outlives this workflow, and answers how it ended. When a workflow of that id runs
 * already (this one was terminated or reset meanwhile) it is watched to its end first; if it was this very operation
 * its ending is the answer, otherwise the operation starts then.
 */
export const runChild = async (
  request: SubmitRequest,
  workflowId: string,
  on: {
    readonly started: (runId: string) => void;
    /** Another operation ended that ran under this id. */
    readonly otherEnded: (operation: string, ending: Ending) => void;
  },
): Promise<Ending> => {
  const { context } = request;
  for (;;) {
    try {
      const child = await startChild(names.workflows[context.kind], {
        workflowId,
        args: [request],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        staticSummary: staticSummary(request),
        staticDetails: `Asked for by ${request.by}. Operation \`${context.operation}\`.`,
        memo: { operation: context.operation, by: request.by },
        typedSearchAttributes: [
          { key: attributes.cluster, value: context.cluster },
          { key: attributes.host, value: context.target.name },
          { key: attributes.operation, value: context.operation },
          { key: attributes.kind, value: context.kind },
          { key: attributes.phase, value: 'begin' },
          { key: attributes.blocked, value: false },
        ],
      });
      on.started(child.firstExecutionRunId);
      try {
        await child.result();
        return { outcome: 'finished', runId: child.firstExecutionRunId };
      } catch (error) {
        return { ...endingOf(error), runId: child.firstExecutionRunId };
      }
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const watched = await watch(workflowId);
    if (watched === undefined) continue;
    const ending: Ending = {
      outcome: outcomes.find((candidate) => candidate === watched.outcome) ?? 'failed',
      runId: watched.runId,
      ...(watched.message === undefined ? {} : { message: watched.message.slice(0, 500) }),
    };
    if (watched.operation === context.operation) return ending;
    on.otherEnded(watched.operation, ending);
  }
};
