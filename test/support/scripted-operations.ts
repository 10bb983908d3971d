import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { QuorateClient } from '../../api/client/client.js';
import { submitOperation, type SubmitOptions } from '../../api/client/submit.js';
import { createQuorateClient } from '../../api/client/temporal-client.js';
import { recallActivities } from '../../activities/lost-queue.js';
import { watchActivities } from '../../activities/watch.js';
import { createWorker } from '../../workers/worker.js';
import type { SubmitRequest, SubmitResult } from '../../model/messages.js';
import { guarded } from '../../activities/boundary.js';
import type { OperationContext } from '../../model/operation.js';
import type { OperationKind } from '../../model/operations.js';
import type { Blocked } from '../../model/progress.js';
import type { PlanReport } from '../../model/plan-report.js';
import type { StatusReport } from '../../model/status/status.js';
import { operationContext } from './facts.js';
import { connectToTestServer, uniqueName, type TestServer } from './temporal.js';
import type { Script } from './workflows/scripted-operations.js';

const workflows = fileURLToPath(new URL('./workflows/scripted-operations.ts', import.meta.url));

export const blockedByDirtyHost: Blocked = {
  question: 1,
  type: 'DirtyHost',
  step: 'read',
  message: 'w1 still carries a node of another cluster',
  remedy: 'approve the reset, or clean the host by hand and retry',
  evidence: ['kubelet.conf points to https://10.9.0.5:6443', 'a kubelet (pid 811) listens on 10250'],
  choices: ['approve', 'retry', 'abort'],
  consequences: {
    approve: 'resets w1 and joins it',
    retry: 'reads the world again',
    abort: 'ends the operation; nothing was changed',
  },
  since: '2026-11-23T13:52:10.000Z',
};

export interface ScriptedOperations {
  readonly server: TestServer;
  readonly temporal: Client;
  readonly client: QuorateClient;
  readonly taskQueue: string;
  readonly startWorker: () => Promise<() => Promise<void>>;
  /** A request for an operation, on a cluster that nobody else uses unless one is named. */
  readonly request: (kind: OperationKind, host: string, cluster?: string, key?: string) => SubmitRequest;
  /** Hands a request to its cluster's queue, without a specification. */
  readonly submit: (request: SubmitRequest, options?: SubmitOptions) => Promise<SubmitResult>;
  /** Tells a running operation what to do next. */
  readonly play: (workflowId: string, script: Script) => Promise<void>;
  /** Takes one workflow task with an update, as a worker does, and gives it back without an answer to the update. */
  readonly passOver: () => Promise<void>;
  /** Takes one query, as a worker does, and never answers it. */
  readonly loseQuery: () => Promise<void>;
  /** Fails workflow tasks, as a worker whose code does not fit the history, so many times. */
  readonly failTasks: (times: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * The product's queue and client with operations that a test scripts, on the server that all test files share.
 *
 * @param options.status answered to every reading of the status.
 * @param options.plan answered to every reading of a plan, or thrown.
 * @param options.alone in a namespace of their own.
 */
export const startScriptedOperations = async (
  options: { status?: StatusReport; plan?: (context: OperationContext) => PlanReport; alone?: boolean } = {},
): Promise<ScriptedOperations> => {
  const server = await connectToTestServer({ workflows, alone: options.alone ?? false });
  const taskQueue = uniqueName('scripted');
  const cluster = uniqueName('prod');
  const activities = {
    ...watchActivities(),
    ...recallActivities(),
    work: async (): Promise<void> => {
      const context = Context.current();
      const timer = setInterval(
        () => context.heartbeat({ unit: 'u', lastLine: '[etcd] waiting for the learner' }),
        100,
      );
      await context.cancelled.finally(() => clearInterval(timer));
    },
    readStatus: () => Promise.resolve(options.status),
    readPlan: guarded(async (context: OperationContext) => options.plan?.(context)),
  };
  const stops = new Set<() => Promise<void>>();
  const startWorker = async () => {
    const { nativeConnection: connection, namespace, bundle } = server;
    const worker = await createWorker({ connection, namespace, bundle, activities, taskQueue, graceMs: 100 });
    const ended = worker.run();
    const stop = async () => {
      if (stops.delete(stop)) worker.shutdown();
      await ended;
    };
    stops.add(stop);
    return stop;
  };
  const as = { namespace: server.namespace, identity: 'by hand' };
  // The server wants to know how long it may wait.
  const poll = () =>
    server.client.withDeadline(Date.now() + 20_000, () =>
      server.client.workflowService.pollWorkflowTaskQueue({ ...as, taskQueue: { name: taskQueue } }),
    );
  return {
    server,
    temporal: server.client,
    client: createQuorateClient(server.client, taskQueue),
    taskQueue,
    startWorker,
    submit: (request, more) => submitOperation(server.client, request, { taskQueue, ...more }),
    request: (kind, host, of = cluster, key = crypto.randomUUID().slice(0, 8)) => ({
      context: operationContext({ kind, host, cluster: of, key }),
      by: 'ann@desk',
    }),
    play: (workflowId, script) => server.client.workflow.getHandle(workflowId).signal('script', script),
    passOver: async () => {
      for (let messages = 0; messages === 0;) {
        const task = await poll();
        messages = task.messages.length;
        await server.client.workflowService.respondWorkflowTaskCompleted({ ...as, taskToken: task.taskToken });
      }
    },
    loseQuery: async () => {
      const { query } = await poll();
      if (query === null || query === undefined) throw new Error('a workflow task came, not a query');
    },
    failTasks: async (times) => {
      for (let left = times; left > 0; left -= 1) {
        const { taskToken } = await poll();
        await server.client.workflowService.respondWorkflowTaskFailed({ ...as, taskToken });
      }
    },
    stop: async () => {
      await Promise.all([...stops].map((stop) => stop()));
      await server.close();
    },
  };
};
