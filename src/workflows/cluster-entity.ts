import { HandlerUnfinishedPolicy } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { renderQueue } from '../model/details.js';
import { SubmitRequest, workflowIds } from '../model/messages.js';
import type { ClusterQueue, WithdrawRequest } from '../model/messages.js';
import { isExclusive, nextToStart, waitsFor } from '../model/queue.js';
import type { EndedEntry, QueueEntry } from '../model/queue.js';
import { queue as queueQuery, submit, withdraw } from './messages.js';
import { runChild } from './run-child.js';

/** Worker joins of one cluster that run at the same time. */
const sharedLimit = 20;
/** Operation ids remembered for idempotency, as the server's own dedupe of update ids ends with a run. */
const rememberedOperations = 500;
/** The server refuses more than 2,000 updates in one run. */
const updatesBeforeContinueAsNew = 1_500;

export interface ClusterEntityState {
  readonly cluster: string;
  readonly ended: readonly EndedEntry[];
}

/**
 * One per cluster, started with its first operation. It owns the queue and the membership lock: an exclusive operation
 * runs as a child with a fixed id, so the server itself refuses a second one. Continues as new only when idle, so that
 * every ending of a child is seen.
 */
export const clusterEntity = async (state: ClusterEntityState): Promise<void> => {
  const { cluster } = state;
  const ended: EndedEntry[] = [...state.ended];
  const waiting: QueueEntry[] = [];
  const running: (QueueEntry & { runId?: string })[] = [];
  let updates = 0;
  let changes = 0;

  const workflowIdOf = ({ request: { context } }: QueueEntry): string =>
    isExclusive(context.kind)
      ? workflowIds.exclusive(cluster)
      : workflowIds.shared(cluster, context.kind, context.target.name);
  const itemOf = ({ request: { context, by }, since }: QueueEntry) => ({
    operation: context.operation,
    kind: context.kind,
    host: context.target.name,
    by,
    since,
  });
  const view = (): ClusterQueue => ({
    cluster,
    running: running.map((entry) => ({
      ...itemOf(entry),
      workflowId: workflowIdOf(entry),
      ...(entry.runId === undefined ? {} : { runId: entry.runId }),
    })),
    waiting: waiting.map((entry) => ({
      ...itemOf(entry),
      waitsFor: waitsFor({ waiting, running }, entry, sharedLimit) ?? 'its start',
    })),
    ended: ended.slice(-200),
  });
  const changed = (): void => {
    changes += 1;
    setCurrentDetails(renderQueue(view()));
  };

  setHandler(queueQuery, view, { description: 'Which operations run, wait (and for what), and have ended' });
  setHandler(
    submit,
    (request) => {
      updates += 1;
      const { operation } = request.context;
      const known = [...running, ...waiting].find((entry) => entry.request.context.operation === operation);
      const past = ended.find((entry) => entry.operation === operation);
      if (past !== undefined) return { operation, workflowId: past.workflowId, position: 0 };
      const entry = known ?? { request, since: new Date().toISOString() };
      if (known === undefined) waiting.push(entry);
      changed();
      return { operation, workflowId: workflowIdOf(entry), position: Math.max(0, waiting.indexOf(entry)) };
    },
    {
      description:
        'Asks for an operation; the same operation id is never run twice. Sent by `quorate init` and `quorate join`',
      unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
      validator: (request) => {
        const parsed = SubmitRequest.safeParse(request);
        if (!parsed.success) {
          const problem = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
          throw ApplicationFailure.nonRetryable(`not a request for an operation: ${problem}`, 'InvalidSpecification');
        }
        if (parsed.data.context.cluster !== cluster) {
          throw ApplicationFailure.nonRetryable(
            `this is the queue of ${cluster}, the operation is for ${parsed.data.context.cluster}`,
            'InvalidSpecification',
          );
        }
        if (
          updates >= updatesBeforeContinueAsNew &&
          !ended.some((e) => e.operation === parsed.data.context.operation)
        ) {
          throw ApplicationFailure.nonRetryable(
            `the queue of ${cluster} took ${updates} requests without a pause; try again when the running operations have ended`,
            'QueueFull',
          );
        }
      },
    },
  );
  setHandler(
    withdraw,
    ({ operation, by, reason }: WithdrawRequest) => {
      updates += 1;
      const index = waiting.findIndex((entry) => entry.request.context.operation === operation);
      const entry = waiting[index];
      if (entry === undefined) return { withdrawn: false };
      waiting.splice(index, 1);
      ended.push({
        ...itemOf(entry),
        workflowId: workflowIdOf(entry),
        outcome: 'cancelled',
        message: `withdrawn by ${by} before it began${reason === '' ? '' : `: ${reason}`}`,
      });
      changed();
      return { withdrawn: true };
    },
    {
      description: 'Takes an operation that still waits out of the queue: {"operation", "by", "reason"}',
      unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
    },
  );

  const start = async (entry: QueueEntry & { runId?: string }): Promise<void> => {
    const workflowId = workflowIdOf(entry);
    const ending = await runChild(entry.request, workflowId, (runId) => {
      entry.runId = runId;
      changed();
    });
    running.splice(running.indexOf(entry), 1);
    ended.push({ ...itemOf(entry), workflowId, ...ending });
    if (ended.length > rememberedOperations) ended.shift();
    changed();
  };

  changed();
  for (;;) {
    for (let next = nextToStart({ waiting, running }, sharedLimit); next !== undefined;) {
      waiting.splice(waiting.indexOf(next), 1);
      running.push(next);
      void start(next);
      next = nextToStart({ waiting, running }, sharedLimit);
    }
    const idle = waiting.length === 0 && running.length === 0;
    if (idle && (workflowInfo().continueAsNewSuggested || updates >= updatesBeforeContinueAsNew)) {
      await condition(allHandlersFinished);
      if (waiting.length === 0) await continueAsNew<typeof clusterEntity>({ cluster, ended });
    }
    const seen = changes;
    await condition(() => changes !== seen);
  }
};
