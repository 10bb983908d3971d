import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WithStartWorkflowOperation, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Duration } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { Activities } from '../../activities/contract.js';
import { queryWithRetry, callUntilAnswered } from '../../api/client/temporal-calls.js';
import type { ClusterQueue, SubmitRequest, SubmitResult } from '../../model/messages.js';
import { names, workflowIds } from '../../model/messages.js';
import type { OperationContext } from '../../model/operation.js';
import type { DecisionAction, OperationProgress } from '../../model/progress.js';
import { isExclusive } from '../../model/queue.js';
import type { ClusterEntityState, clusterEntity } from '../../workflows/cluster-entity.js';
import { scriptedActivities } from './scripted-activities.js';
import type { Script } from './scripted-activities.js';

export const by = 'ann@desk';

export interface Ended {
  /** Temporal's status of the run, in the words of the harness. */
  readonly status: 'completed' | 'failed' | 'cancelled';
  /** Type of the ApplicationFailure when it failed. */
  readonly type?: string;
  readonly message: string;
  readonly details?: unknown;
}

export interface Harness {
  readonly client: Client;
  readonly taskQueue: string;
  script(cluster: string): Script;
  /** Starts an operation as a workflow of its own, without the entity. */
  start(context: OperationContext): Promise<WorkflowHandle>;
  /** Submits it to the cluster's entity, which is started when it does not run. */
  submit(
    context: OperationContext,
    options?: {
      limits?: ClusterEntityState['limits'];
      updateId?: string;
      /** Ends the entity that it starts, which nobody should set. */
      executionTimeout?: Duration;
    },
  ): Promise<SubmitResult>;
  /** The cluster's entity. */
  entity(cluster: string): WorkflowHandle;
  queue(cluster: string): Promise<ClusterQueue>;
  /** Waits until that many operations of the cluster have ended, and answers how, oldest first. */
  allEnded(cluster: string, count: number): Promise<ClusterQueue['ended']>;
  close(): Promise<void>;
}

/** A worker of the product's workflows with scripted activities, on a task queue of its own. */
export const startHarness = async (
  server: { client: Client; nativeConnection: NativeConnection; namespace: string; bundle: { codePath: string } },
  options: { taskQueue: string; maxCachedWorkflows?: number; activities?: Partial<Activities> },
): Promise<Harness> => {
  const { client, nativeConnection: connection, namespace, bundle: workflowBundle } = server;
  const { taskQueue, maxCachedWorkflows } = options;
  const scripted = scriptedActivities(options.activities);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle,
    activities: { ...scripted.activities },
    // A cancel reaches an activity with a heartbeat.
    maxHeartbeatThrottleInterval: '100ms',
    shutdownGraceTime: 0,
    // Each thread compiles the bundle for itself.
    workflowThreadPoolSize: 1,
    ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
  });
  const running = worker.run();
  const entity = (cluster: string): WorkflowHandle => client.workflow.getHandle(workflowIds.cluster(cluster));
  const queue = (cluster: string): Promise<ClusterQueue> => entity(cluster).query<ClusterQueue>(names.queries.queue);
  return {
    client,
    taskQueue,
    script: scripted.script,
    start: (context) =>
      client.workflow.start(names.workflows[context.kind], {
        workflowId: workflowIdOf(context),
        taskQueue,
        args: [{ context, by }],
      }),
    submit: async (context, { limits, updateId, executionTimeout } = {}) => {
      const state: ClusterEntityState = {
        cluster: context.cluster,
        ended: [],
        ...(limits === undefined ? {} : { limits }),
      };
      // As the product does it: a workflow task that failed for its own reasons is no answer yet.
      const id = updateId ?? randomUUID();
      return callUntilAnswered(client, `submitting ${context.operation}`, { totalMs: 50_000, callMs: 45_000 }, () =>
        client.workflow.executeUpdateWithStart<typeof clusterEntity, SubmitResult, [SubmitRequest]>(
          names.updates.submit,
          {
            args: [{ context, by }],
            updateId: id,
            startWorkflowOperation: new WithStartWorkflowOperation<typeof clusterEntity>(names.workflows.cluster, {
              workflowId: workflowIds.cluster(context.cluster),
              taskQueue,
              args: [state],
              workflowIdConflictPolicy: 'USE_EXISTING',
              ...(executionTimeout === undefined ? {} : { workflowExecutionTimeout: executionTimeout }),
            }),
          },
        ),
      );
    },
    entity,
    queue,
    allEnded: (cluster, count) =>
      eventually(async () => {
        const { ended: past } = await queue(cluster);
        return past.length === count ? past : undefined;
      }, `${count} operations of ${cluster} ended`),
    close: async () => {
      worker.shutdown();
      await running;
    },
  };
};

export const workflowIdOf = ({ kind, cluster, target }: OperationContext): string =>
  isExclusive(kind) ? workflowIds.exclusive(cluster) : workflowIds.shared(cluster, kind, target.name);

export const progressOf = (handle: WorkflowHandle): Promise<OperationProgress> =>
  queryWithRetry(handle.client.connection, 15_000, () => handle.query<OperationProgress>(names.queries.progress));

/** Asks until the answer is there. @throws Error after `timeoutMs` (45 s), with the last answer in words. */
export const eventually = async <Value>(
  ask: () => Promise<Value | undefined>,
  what: string,
  timeoutMs = 45_000,
): Promise<Value> => {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  // Each query is work for the server and for the worker that the others wait for.
  for (let pauseMs = 50; Date.now() < deadline; pauseMs = Math.min(400, pauseMs * 1.5)) {
    try {
      const value = await ask();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await sleep(pauseMs);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: last });
};

type Blocked = NonNullable<OperationProgress['blocked']>;

/** Waits until the operation is blocked, after `decisions` decisions. @throws Error when it ended instead. */
export const blocked = async (handle: WorkflowHandle, decisions = 0): Promise<Blocked> => {
  const answer = await eventually(async () => {
    const progress = await progressOf(handle);
    if (progress.outcome !== undefined) return progress;
    return progress.blocked !== undefined && progress.decisions.length === decisions ? progress : undefined;
  }, `${handle.workflowId} blocked after ${decisions} decisions`);
  if (answer.blocked === undefined) throw new Error(`it ended (${answer.outcome}): ${answer.summary}`);
  return answer.blocked;
};

/**
 * Decides a blocked operation. Without the worker's cache a query is answered from the whole history, also from events
 * that no workflow task has handled yet: it says "blocked" a moment before the workflow itself is, so a refusal is tried again.
 */
export const decide = async (handle: WorkflowHandle, action: DecisionAction, reason = ''): Promise<unknown> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await handle.executeUpdate<unknown, [unknown]>(names.updates.decide, { args: [{ action, by, reason }] });
    } catch (error) {
      const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
      if (!(cause instanceof ApplicationFailure) || cause.type !== 'NotBlocked' || attempt === 20) throw error;
      await sleep(100);
    }
  }
};

/** Waits for the end of a workflow. */
export const ended = async (handle: WorkflowHandle): Promise<Ended> => {
  try {
    const result = (await handle.result()) as { summary?: string } | undefined;
    return { status: 'completed', message: result?.summary ?? '' };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof CancelledFailure) return { status: 'cancelled', message: cause.message };
    if (!(cause instanceof ApplicationFailure)) throw error;
    return {
      status: 'failed',
      message: cause.message,
      ...(typeof cause.type === 'string' ? { type: cause.type } : {}),
      details: cause.details?.[0],
    };
  }
};

/** The end of an operation that has nothing to ask after `decisions` decisions. @throws Error when it asks all the same */
export const endedUnasked = (handle: WorkflowHandle, decisions = 0): Promise<Ended> =>
  Promise.race([
    ended(handle),
    blocked(handle, decisions).then(
      ({ type, message }): never => {
        throw new Error(`it asked: ${type}: ${message}`);
      },
      // It saw the end first.
      () => ended(handle),
    ),
  ]);

/** Resets a workflow as an operator does, to its first or its last completed workflow task. @returns the new run */
export const resetWorkflow = async (
  { workflowService, options }: Client,
  workflowId: string,
  which: 'first' | 'last' = 'first',
): Promise<string> => {
  const { namespace } = options;
  const { history } = await workflowService.getWorkflowExecutionHistory({ namespace, execution: { workflowId } });
  const tasks = (history?.events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  const eventId = (which === 'first' ? tasks[0] : tasks.at(-1))?.eventId;
  if (eventId === undefined || eventId === null) throw new Error(`${workflowId} has no completed workflow task`);
  const { runId } = await workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId },
    workflowTaskFinishEventId: eventId,
    reason: 'a test',
    requestId: crypto.randomUUID(),
  });
  return runId;
};

/** Updates in the history of a workflow: one that was refused leaves none. */
export const acceptedUpdates = async (handle: WorkflowHandle): Promise<number> => {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length;
};

/** State of each step, by id. */
export const stepStates = (progress: OperationProgress): Record<string, string> =>
  Object.fromEntries(progress.steps.map((step) => [step.id, step.state]));

/**
 * Keeps what workers log to what tests need: activities fail on purpose here, but a workflow task that fails is a
 * defect. Before the first connection of a worker in a process.
 */
export const quietRuntime = (): void => {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      if (/^(Activity|Workflow) (failed|completed as failed)/.test(message)) return;
      const error: unknown = meta?.['error'];
      process.stderr.write(`${level} ${message}${error instanceof Error ? `: ${error.stack}` : ''}\n`);
    }),
  });
};
