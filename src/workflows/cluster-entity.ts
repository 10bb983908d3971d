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
import { renderQueue } from '../model/queue-details.js';
import { SubmitRequest, WithdrawRequest, workflowIds } from '../model/messages.js';
import type { ClusterQueue } from '../model/messages.js';
import { operationKinds } from '../model/operation.js';
import type { OperationContext } from '../model/operation.js';
import { isExclusive, nextToStart, positionOf, waitsFor } from '../model/queue.js';
import type { EndedEntry, QueueEntry } from '../model/queue.js';
import { announcedOf, createAnnouncer } from './announce.js';
import type { Announced } from './announce.js';
import { context as contextQuery, queue as queueQuery, submit, withdraw } from './messages.js';
import { runChild } from './run-child.js';
import type { Ending } from './run-child.js';
import { parseOrRefuse } from './validation.js';

const defaultLimits = {
  /** Operation ids remembered for idempotency, as the server's own dedupe of update ids ends with a run. */
  rememberedOperations: 500,
  /** The server refuses more than 2,000 updates in one run. */
  updatesBeforeContinueAsNew: 1_500,
};

export interface ClusterEntityState {
  readonly cluster: string;
  readonly ended: readonly EndedEntry[];
  /** Of the operation that was asked for last: what is known about the cluster, and its limits. */
  readonly context?: OperationContext;
  /** Each one left out has its default; tests set small ones. */
  readonly limits?: Partial<typeof defaultLimits>;
}

/**
 * One per cluster, started with its first operation. It owns the queue and the membership lock: an exclusive operation
 * runs as a child with a fixed id, so the server itself refuses a second one. Continues as new only when idle, so that
 * every ending of a child is seen.
 */
export const clusterEntity = async (state: ClusterEntityState): Promise<void> => {
  const { cluster } = state;
  const { rememberedOperations, updatesBeforeContinueAsNew } = { ...defaultLimits, ...state.limits };
  let latest = state.context;
  const sharedLimit = (): number => latest?.policy.parallelJoins ?? 1;
  const ended: EndedEntry[] = [...state.ended];
  const waiting: QueueEntry[] = [];
  const running: (QueueEntry & { runId?: string })[] = [];
  let updates = 0;
  let changes = 0;
  /** Operations that are being told about; a new run of this workflow would forget what has not begun. */
  let telling = 0;

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
      waitsFor: waitsFor({ waiting, running }, entry, sharedLimit()) ?? 'its start',
    })),
    ended: ended.slice(-200),
  });
  const changed = (): void => {
    changes += 1;
    setCurrentDetails(renderQueue(view()));
  };
  const remember = (entry: EndedEntry): void => {
    ended.push(entry);
    if (ended.length > rememberedOperations) ended.shift();
    changed();
  };

  /** A terminated operation could not tell its own end. */
  const tell = async (about: Announced, { outcome, message }: Ending): Promise<void> => {
    if (outcome !== 'terminated') return;
    telling += 1;
    const announcer = createAnnouncer(about);
    announcer.announce({ type: 'operation.ended', outcome, ...(message === undefined ? {} : { summary: message }) });
    await announcer.begun();
    telling -= 1;
    changes += 1;
  };

  setHandler(contextQuery, () => latest ?? null, {
    description: 'What is known about the cluster, from the operation that was asked for last',
  });
  setHandler(queueQuery, view, { description: 'Which operations run, wait (and for what), and have ended' });
  setHandler(
    submit,
    (request) => {
      updates += 1;
      const { operation } = request.context;
      const past = ended.find((entry) => entry.operation === operation);
      const known = [...running, ...waiting].find((entry) => entry.request.context.operation === operation);
      const entry = known ?? { request, since: new Date().toISOString() };
      if (past === undefined && known === undefined) {
        waiting.push(entry);
        latest = request.context;
      }
      changed();
      if (past !== undefined) return { operation, workflowId: past.workflowId, position: 0 };
      return {
        operation,
        workflowId: workflowIdOf(entry),
        position: positionOf({ waiting, running }, entry, sharedLimit()),
      };
    },
    {
      description:
        'Asks for an operation; the same operation id is never run twice. Sent by `quorate init` and `quorate join`',
      unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
      validator: (request) => {
        const { context } = parseOrRefuse(SubmitRequest, request, {
          type: 'InvalidSpecification',
          what: 'not a request for an operation',
          remedy: 'send what `quorate init` and `quorate join` send: {"context": ..., "by": "who"}',
        });
        if (context.cluster !== cluster) {
          throw ApplicationFailure.nonRetryable(
            `this is the queue of ${cluster}, the operation is for ${context.cluster}`,
            'InvalidSpecification',
          );
        }
        if (updates >= updatesBeforeContinueAsNew && !ended.some((e) => e.operation === context.operation)) {
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
    ({ operation, by, reason }) => {
      updates += 1;
      const index = waiting.findIndex((entry) => entry.request.context.operation === operation);
      const entry = waiting[index];
      if (entry === undefined) {
        changed();
        return { withdrawn: false };
      }
      waiting.splice(index, 1);
      remember({
        ...itemOf(entry),
        workflowId: workflowIdOf(entry),
        outcome: 'cancelled',
        message: `withdrawn by ${by} before it began${reason === '' ? '' : `: ${reason}`}`,
      });
      return { withdrawn: true };
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

  /** An operation that an earlier, lost run of this workflow had begun: it must not run again when asked for once more. */
  const rememberOther = (operation: string, workflowId: string, ending: Ending): void => {
    const index = waiting.findIndex((entry) => entry.request.context.operation === operation);
    const [asked] = index === -1 ? [] : waiting.splice(index, 1);
    const [, kindName, host = ''] = operation.split('/');
    const kind = operationKinds.find((candidate) => candidate === kindName);
    if (kind === undefined) return;
    const found = { operation, kind, host, by: 'unknown', since: new Date().toISOString() };
    const item = asked === undefined ? found : itemOf(asked);
    remember({ ...item, workflowId, ...ending });
    // Who was to be told of it is not known any more: the operation that was asked for last names them as well.
    const notify = (asked?.request.context ?? latest)?.notify ?? [];
    void tell({ operation, cluster, kind, host: item.host, by: item.by, notify }, ending);
  };

  const start = async (entry: QueueEntry & { runId?: string }): Promise<void> => {
    const workflowId = workflowIdOf(entry);
    const ending = await runChild(entry.request, workflowId, {
      started: (runId) => {
        entry.runId = runId;
        changed();
      },
      otherEnded: (operation, of) => rememberOther(operation, workflowId, of),
    });
    running.splice(running.indexOf(entry), 1);
    remember({ ...itemOf(entry), workflowId, ...ending });
    await tell(announcedOf(entry.request.context, entry.request.by), ending);
  };

  changed();
  for (;;) {
    for (let next = nextToStart({ waiting, running }, sharedLimit()); next !== undefined;) {
      waiting.splice(waiting.indexOf(next), 1);
      running.push(next);
      void start(next);
      next = nextToStart({ waiting, running }, sharedLimit());
    }
    const idle = waiting.length === 0 && running.length === 0 && telling === 0;
    if (idle && (workflowInfo().continueAsNewSuggested || updates >= updatesBeforeContinueAsNew)) {
      await condition(allHandlersFinished);
      if (waiting.length === 0)
        await continueAsNew<typeof clusterEntity>({
          ...state,
          ended,
          ...(latest === undefined ? {} : { context: latest }),
        });
    }
    const seen = changes;
    await condition(() => changes !== seen);
  }
};
