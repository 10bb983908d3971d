import { hostname, totalmem } from 'node:os';
import { Runtime, Worker, type Logger, type NativeConnection } from '@temporalio/worker';
import { taskQueue as defaultTaskQueue } from '../model/messages.js';
import { keepMemorySmall } from './memory.js';

/**
 * Makes the process-wide Temporal runtime, with V8 set to hold little memory; once per process and before any worker or
 * native connection.
 *
 * @param options.metricsAddress host:port of a Prometheus endpoint; none when absent.
 */
export const installRuntime = (options: { logger: Logger; metricsAddress?: string }): void => {
  const { logger, metricsAddress } = options;
  keepMemorySmall();
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

/** Measured: what one operation keeps in memory between its workflow tasks. */
const bytesPerCachedWorkflow = 500_000;

/**
 * How many workflows are kept between their tasks: those that are not are replayed from their history each time, which
 * is what a thousand operations that go on after an outage would spend their time with.
 *
 * @param memory bytes that the process may use at most; a tenth of them is for this.
 */
export const cachedWorkflows = (memory: number): number =>
  Math.min(2_000, Math.max(100, Math.floor(memory / 10 / bytesPerCachedWorkflow)));

/** Of the machine, or of the container. */
const usableMemory = (): number => {
  const limit = process.constrainedMemory();
  // 0 and numbers beyond the machine's own: there is none.
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
};

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
    maxCachedWorkflows: cachedWorkflows(usableMemory()),
  });
