import { CancelledFailure, TerminatedFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  ParentClosePolicy,
  log,
  sleep,
  startChild,
} from '@temporalio/workflow';
import type { ChildWorkflowHandle, Workflow } from '@temporalio/workflow';
import type { OperationEnding } from '../activities/contract.js';
import { names } from '../model/messages.js';
import type { SubmitRequest } from '../model/messages.js';
import type { OperationContext } from '../model/operation.js';
import { phraseOf } from '../model/operations.js';
import { operationOutcomes, outcomeOfFailure } from '../model/progress.js';
import type { OperationOutcome } from '../model/progress.js';
import { searchAttributes } from '../model/search-attributes.js';
import { polling, pollEnding, titled, watching } from './activity-proxies.js';
import { sinceReset } from './since-reset.js';

export interface Ending {
  readonly outcome: OperationOutcome;
  readonly runId?: string;
  readonly message?: string;
}

const terminated: Ending = {
  outcome: 'terminated',
  message: 'terminated from outside: nothing was undone; the next operation reads the world first',
};

/** How a child ended, in the words of an operation. */
const endingOf = (error: unknown): Ending => {
  if (!(error instanceof ChildWorkflowFailure)) throw error;
  const { cause } = error;
  if (cause instanceof TerminatedFailure) return terminated;
  if (cause instanceof CancelledFailure) return { outcome: 'cancelled' };
  if (cause instanceof ApplicationFailure) {
    return { outcome: outcomeOfFailure(cause.type), message: cause.message.slice(0, 500) };
  }
  return { outcome: 'failed', message: (cause?.message ?? error.message).slice(0, 500) };
};

const staticSummary = ({ context: { kind, target, cluster } }: SubmitRequest): string =>
  phraseOf({ kind, host: target.name, cluster });

/** The same words as when the server tells it. */
const endingSeen = ({ outcome, runId, message }: OperationEnding): Ending => {
  if (outcome === 'terminated') return { ...terminated, runId };
  return {
    outcome: operationOutcomes.find((candidate) => candidate === outcome) ?? 'failed',
    runId,
    ...(message === undefined || outcome === 'cancelled' ? {} : { message: message.slice(0, 500) }),
  };
};

/** A watch that failed for good does not lose the operation: the next try to start it tells whether the other still runs. */
const watch = async (workflowId: string, runId?: string): Promise<OperationEnding | undefined> => {
  try {
    const summary = `watch ${workflowId} to its end`;
    return await titled(watching.watchOperation, summary, workflowId, ...(runId === undefined ? [] : [runId]));
  } catch {
    await sleep('3s', { summary: `before ${workflowId} is tried again` });
    return undefined;
  }
};

/** The run that an operation has had already, when the queue that began it was terminated or reset meanwhile. */
const earlierRun = async ({ cluster, operation }: OperationContext) => {
  try {
    return await sinceReset(() =>
      titled(polling.findOperation, `see whether ${operation} ran before`, { cluster, operation }),
    );
  } catch (error) {
    log.warn('it could not be seen whether the operation ran before', { operation, error });
    return null;
  }
};

/**
 * How a child ended. The server tells its parent, but for one case: a reset of an older run of the same workflow id
 * terminates the child without a word.
 */
const endingOfChild = async (child: ChildWorkflowHandle<Workflow>, everyMs: number): Promise<Ending> => {
  const runId = child.firstExecutionRunId;
  const scope = new CancellationScope();
  const told = child.result().then(
    (): Ending => ({ outcome: 'finished', runId }),
    (error: unknown): Ending => ({ ...endingOf(error), runId }),
  );
  // Looking that fails, as it does when it is cancelled, says nothing: then the server is waited for alone.
  const seen = scope
    .run(() => pollEnding(child.workflowId, runId, everyMs))
    .then(endingSeen, () => new Promise<never>(() => {}));
  const first = await Promise.race([told, seen]);
  scope.cancel();
  return first;
};

/**
 * Runs an operation as a child that outlives this workflow, and answers how it ended. An operation that ran before is
 * never begun again: its ending is the answer. When another workflow of that id runs (this one was terminated or reset
 * meanwhile) it is watched to its end first. Not to be cancelled: it would take its own cancel for the child's ending.
 * @param lookEveryMs how often it looks whether the child has ended without a word
 */
export const runChild = async (
  request: SubmitRequest,
  workflowId: string,
  lookEveryMs: number,
  on: {
    readonly started: (runId: string) => void;
    /** Another operation ended that ran under this id. */
    readonly otherEnded: (operation: string, ending: Ending) => void;
  },
): Promise<Ending> => {
  const { context } = request;
  for (;;) {
    const earlier = await earlierRun(context);
    if (earlier !== null) {
      on.started(earlier.runId);
      const watched = await watch(earlier.workflowId, earlier.runId);
      if (watched !== undefined) return endingSeen(watched);
      continue;
    }
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
          { key: searchAttributes.cluster, value: context.cluster },
          { key: searchAttributes.host, value: context.target.name },
          { key: searchAttributes.operation, value: context.operation },
          { key: searchAttributes.kind, value: context.kind },
          { key: searchAttributes.phase, value: 'begin' },
          { key: searchAttributes.blocked, value: false },
        ],
      });
      on.started(child.firstExecutionRunId);
      return await endingOfChild(child, lookEveryMs);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const watched = await watch(workflowId);
    if (watched === undefined) continue;
    if (watched.operation === context.operation) return endingSeen(watched);
    on.otherEnded(watched.operation, endingSeen(watched));
  }
};
