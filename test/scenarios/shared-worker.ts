import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../activities/contract.js';
import { connectToTestServer, uniqueName } from '../support/temporal.js';
import { startHarness } from '../support/workflow-harness.js';
import type { Harness } from '../support/workflow-harness.js';
import type { StartWorker } from './operations.js';

const clusters = new Map<string, Activities>();

/** The activity of the cluster that the id of the asking workflow names, such as `op/CLUSTER/...`. */
const route =
  (name: keyof Activities) =>
  async (...args: unknown[]): Promise<unknown> => {
    const id = activityInfo().workflowExecution?.workflowId ?? '';
    const cluster = id.split('/').find((part) => clusters.has(part));
    const activities = clusters.get(cluster ?? '');
    if (activities === undefined) throw ApplicationFailure.nonRetryable(`the cluster of ${id} is over`, 'WorkerClosed');
    return (activities[name] as (...all: unknown[]) => Promise<unknown>)(...args);
  };

let worker: Promise<Harness> | undefined;

const start = async (names: readonly string[]): Promise<Harness> => {
  const server = await connectToTestServer();
  const routes = Object.fromEntries(names.map((name) => [name, route(name as keyof Activities)]));
  return startHarness(server, { taskQueue: uniqueName('shared'), activities: routes });
};

/**
 * One worker for all clusters of this process, as each one compiles the workflows for itself: a second of a core. It ends
 * with the process.
 */
export const sharedWorker: StartWorker = async (cluster, activities) => {
  worker ??= start(Object.keys(activities));
  const harness = await worker;
  clusters.set(cluster, activities);
  return {
    ...harness,
    close: () => {
      clusters.delete(cluster);
      return Promise.resolve();
    },
  };
};
