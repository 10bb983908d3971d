import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { errorText } from '../model/failures/operator-error.js';
import { connectClient, unreachable, type TemporalTarget } from '../api/connection/connect.js';
import { addSearchAttributes } from './temporal-server/namespace.js';
import { createWorker } from './worker.js';
import { workflowBundle } from './workflow-bundle.js';

export interface RunWorkerOptions {
  readonly target: TemporalTarget;
  readonly activities: object;
  readonly say: (line: string) => void;
  /** How long activities in flight may go on after a shutdown was asked for; default 10 seconds. */
  readonly graceMs?: number;
  /** The workflow code; default the product's, bundled when it has changed. */
  readonly bundle?: Promise<{ readonly codePath: string }>;
  readonly taskQueue?: string;
}

export interface RunningWorker {
  /** Settles when the worker has drained after `stop`; rejects when it could not go on. */
  readonly ended: Promise<void>;
  /** Takes no more tasks, lets activities in flight end within the grace time, then closes the connection. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a worker: checks that the namespace has what operations need, bundles the workflows, polls.
 *
 * @throws OperatorError (temporal-unreachable, refused)
 */
export const runWorker = async (options: RunWorkerOptions): Promise<RunningWorker> => {
  const { target, say } = options;
  const bundling = options.bundle ?? workflowBundle({ say });
  bundling.catch(() => {});
  const client = await connectClient(target);
  try {
    const added = await addSearchAttributes(client, target.namespace);
    if (added.length > 0) say(`added search attributes to namespace ${target.namespace}: ${added.join(', ')}`);
  } finally {
    await client.close();
  }
  const connection = await NativeConnection.connect(target.connectionOptions).catch((error: unknown) => {
    throw unreachable(target, error);
  });
  const start = async () =>
    createWorker({
      connection,
      namespace: target.namespace,
      bundle: await bundling,
      activities: options.activities,
      ...(options.taskQueue === undefined ? {} : { taskQueue: options.taskQueue }),
      ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
    });

  let worker = await start();
  let stopping = false;
  const isStopping = (): boolean => stopping;
  const run = async (): Promise<void> => {
    for (let failures = 0; ; failures += 1) {
      const startedAt = performance.now();
      try {
        await worker.run();
        return;
      } catch (error) {
        if (isStopping() || failures >= 5) throw error;
        if (performance.now() - startedAt > 60_000) failures = 0;
        say(`the worker ended unexpectedly (${errorText(error)}); starting it again`);
        await sleep(1_000 * 2 ** failures);
        if (isStopping()) return;
        worker = await start();
      }
    }
  };
  const runAndClose = async (): Promise<void> => {
    try {
      await run();
    } finally {
      await connection.close();
    }
  };
  const ended = runAndClose();
  ended.catch(() => {});
  return {
    ended,
    stop: async () => {
      stopping = true;
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended.catch(() => {});
    },
  };
};
