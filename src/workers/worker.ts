import { hostname } from 'node:os';
import { Runtime, Worker, type Logger, type NativeConnection } from '@temporalio/worker';
import { taskQueue as defaultTaskQueue } from '../model/messages.js';

/**
 * Makes the process-wide Temporal runtime; once per process and before any worker or native connection.
 *
 * @param options.metricsAddress host:port of a Prometheus endpoint; none when absent.
 */
export const installRuntime = (options: { logger: Logger; metricsAddress?: string }): void => {
  const { logger, metricsAddress } = options;
  Runtime.install({
    logger,
    // Shutdown is ours: the worker drains before its Temporal server is ended.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } },
      ...(metricsAddress === undefined
        ? {}
        : {
            metrics: {
              prometheus: {
                bindAddress: metricsAddress,
                countersTotalSuffix: true,
                unitSuffix: true,
                useSecondsForDurations: true,
              },
            },
          }),
    },
  });
};

export interface WorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly bundle: { readonly codePath: string };
  readonly activities: object;
  /** Default `quorate`. */
  readonly taskQueue?: string;
  /** How long activities in flight may go on after a shutdown was asked for, milliseconds; default 10 000. */
  readonly graceMs?: number;
}

/** A worker tuned for few, long, I/O-bound activities and a small memory footprint. */
export const createWorker = (options: WorkerOptions): Promise<Worker> =>
  Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: options.taskQueue ?? defaultTaskQueue,
    workflowBundle: { codePath: options.bundle.codePath },
    activities: options.activities,
    identity: `quorate@${hostname()} (${process.pid})`,
    // Then activities are told to leave; units on hosts run on and the next attempt attaches to them again.
    shutdownGraceTime: options.graceMs ?? 10_000,
    shutdownForceTime: (options.graceMs ?? 10_000) + 20_000,
    // A cancel arrives with a heartbeat; the default would let it wait for most of a minute.
    maxHeartbeatThrottleInterval: '2s',
    defaultHeartbeatThrottleInterval: '2s',
    maxConcurrentActivityTaskExecutions: 50,
    maxConcurrentWorkflowTaskExecutions: 10,
    // Of each operation one question to visibility, some milliseconds.
    maxConcurrentLocalActivityExecutions: 5,
    maxCachedWorkflows: 100,
  });
