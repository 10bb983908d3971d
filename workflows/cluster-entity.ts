import { HandlerUnfinishedPolicy } from '@temporalio/common';
import {
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { SubmitRequest, WithdrawRequest } from '../model/messages.js';
import type { OperationContext } from '../model/operation.js';
import type { EndedEntry } from '../model/queue.js';
import { renderQueue } from '../model/queue-details.js';
import { announcedOf, createAnnouncer } from './announce.js';
import type { Announced } from './announce.js';
import { context as contextQuery, memory as memoryQuery, queue as queueQuery, submit, withdraw } from './messages.js';
import { createQueueState } from './queue-state.js';
import type { RunningEntry } from './queue-state.js';
import { recall } from './lost-queue.js';
import { runChild } from './run-child.js';
import type { Ending } from './run-child.js';
import { parseOrRefuse, refusal } from './validation.js';

const defaultLimits = {
  /** Operation ids remembered for idempotency, as the server's own dedupe of update ids ends with a run. */
  rememberedOperations: 500,
  /** The server refuses more than 2,000 updates in one run. */
  updatesBeforeContinueAsNew: 1_500,
  /** What waited in a queue that was lost longer ago is not begun out of the blue. */
  begunAfterLossMs: 24 * 60 * 60 * 1_000,
  /** An operation can end without a word to its queue, when an operator resets an older run of the same workflow id. */
  lookEveryMs: 30_000,
};

export interface ClusterEntityState {
  readonly cluster: string;
  readonly ended: readonly EndedEntry[];
  /** Of the operation that was asked for last: what is known about the cluster, and its limits. */
  readonly context?: OperationContext;
  /** It knows what the runs before it knew. Absent where one begins anew: it reads what the one before it knew. */
  readonly whole?: boolean;
  /** Each one left out has its default; tests set small ones. */
  readonly limits?: Partial<typeof defaultLimits>;
}

const unreadable = 'The queue before this one could not be read: ask again for what waited in it.';

/**
 * One per cluster, started with its first operation. It owns the queue and the membership lock: an exclusive operation
 * runs as a child with a fixed id, so the server itself refuses a second one. Continues as new only when idle, so that
 * every ending of a child is seen. When it is terminated, reset or timed out, the next run reads what it knew before it
 * begins anything, so that nothing that was accepted is lost; a cancel withdraws what waits and leaves alone what runs.
 */
export const clusterEntity = async (state: ClusterEntityState): Promise<void> => {
  const { cluster } = state;
  const limits = { ...defaultLimits, ...state.limits };
  let whole = state.whole ?? false;
  let note = '';
  let updates = 0;
  let changes = 0;
  /** Operations that are being told about; a new run of this workflow would forget what has not begun. */
  let telling = 0;
  const changed = (): void => {
    changes += 1;
    setCurrentDetails([renderQueue(queue.view()), ...(note === '' ? [] : [note])].join('\n\n'));
  };
  const queue = createQueueState(state, limits, changed);

  setHandler(contextQuery, () => queue.context ?? null, {
    description: 'What is known about the cluster, from the operation that was asked for last',
  });
  setHandler(memoryQuery, (from) => queue.memory(from, whole), {
    description: 'What the run after this one reads when this one is lost, from that entry on (0 at first)',
  });
  setHandler(queueQuery, queue.view, { description: 'Which operations run, wait (and for what), and have ended' });
  setHandler(
    submit,
    (request) => {
      updates += 1;
      changed();
      const { operation } = request.context;
      const { open, past } = queue.find(operation);
      if (past !== undefined) return { operation, workflowId: past.workflowId, position: 0 };
      const entry = open ?? queue.ask(request);
      return { operation, workflowId: queue.workflowIdOf(entry), position: queue.positionOf(entry) };
    },
    {
      description:
        'Asks for an operation; the same operation id is never run twice. Sent by `quorate init` and `quorate join`',
      unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
      validator: (request) => {
        const { context, digest } = parseOrRefuse(SubmitRequest, request, {
          type: 'InvalidSpecification',
          what: 'not a request for an operation',
          remedy: 'send what `quorate init` and `quorate join` send: {"context": ..., "by": "who"}',
        });
        if (context.cluster !== cluster) {
          throw refusal(
            'InvalidSpecification',
            `this is the queue of ${cluster}, the operation is for ${context.cluster}`,
          );
        }
        const { open, past } = queue.find(context.operation);
        const before = open?.request.digest ?? past?.digest;
        if (digest !== undefined && before !== undefined && digest !== before) {
          throw refusal('KeyReused', 'its key was used before, with another specification');
        }
        if (updates >= limits.updatesBeforeContinueAsNew && open === undefined && past === undefined) {
          throw refusal(
            'QueueFull',
            `the queue of ${cluster} took ${updates} requests without a pause; try again when the running operations have ended`,
          );
        }
      },
    },
  );
  setHandler(
    withdraw,
    ({ operation, by, reason }) => {
      updates += 1;
      const why = reason === '' ? '' : `: ${reason}`;
      return { withdrawn: queue.withdraw(operation, `withdrawn by ${by} before it began${why}`) };
    },
    {
      description: 'Takes an operation that still waits out of the queue: {"operation", "by", "reason"}',
      unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
      validator: (request) => {
        parseOrRefuse(WithdrawRequest, request, {
          type: 'InvalidSpecification',
          what: 'not a request to withdraw an operation',
          remedy: 'send {"operation": "<id of the operation>", "by": "who", "reason": "why"}',
        });
      },
    },
  );

  /** A terminated operation could not tell its own end. */
  const tell = async (about: Announced | undefined, { outcome, message }: Ending): Promise<void> => {
    if (about === undefined || outcome !== 'terminated') return;
    telling += 1;
    const announcer = createAnnouncer(about);
    announcer.announce({ type: 'operation.ended', outcome, ...(message === undefined ? {} : { summary: message }) });
    await announcer.begun();
    telling -= 1;
    changes += 1;
  };

  const start = async (entry: RunningEntry): Promise<void> => {
    const workflowId = queue.workflowIdOf(entry);
    // A cancel of the queue is none of what runs.
    const ending = await CancellationScope.nonCancellable(() =>
      runChild(entry.request, workflowId, limits.lookEveryMs, {
        started: (runId) => queue.started(entry, runId),
        otherEnded: (operation, of) => void tell(queue.otherFinished(operation, workflowId, of), of),
      }),
    );
    queue.finished(entry, ending);
    await tell(announcedOf(entry.request.context, entry.request.by), ending);
  };

  const recallIfNew = async (): Promise<void> => {
    if (whole) return;
    const recalled = await recall(cluster);
    if (recalled === undefined) note = unreadable;
    else queue.takeOver(recalled);
    whole = true;
    changed();
  };

  const serve = async (): Promise<void> => {
    for (;;) {
      for (let next = queue.startNext(); next !== undefined; next = queue.startNext()) void start(next);
      const isIdle = (): boolean => queue.isEmpty() && telling === 0;
      if (isIdle() && (workflowInfo().continueAsNewSuggested || updates >= limits.updatesBeforeContinueAsNew)) {
        await condition(allHandlersFinished);
        if (isIdle()) {
          const { ended, context } = queue;
          await continueAsNew<typeof clusterEntity>({
            ...state,
            ended,
            whole,
            ...(context === undefined ? {} : { context }),
          });
        }
      }
      const seen = changes;
      await condition(() => changes !== seen);
    }
  };

  changed();
  try {
    await recallIfNew();
    const scope = CancellationScope.current();
    if (scope.consideredCancelled) await scope.cancelRequested;
    await serve();
  } catch (error) {
    if (isCancellation(error)) queue.withdrawAll('withdrawn before it began: its queue was cancelled');
    throw error;
  }
};
