// One Temporal worker for many schedules side by side; each cluster has what is its own, and can lose it.
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { createActivities } from '../../../activities/index.js';
import type { Activities } from '../../../activities/contract.js';
import { createHosts } from '../../../adapters/ssh/hosts.js';
import { startHarness } from '../../support/workflow-harness.js';
import type { Harness } from '../../support/workflow-harness.js';

/** What a worker process has for one cluster until it is killed. */
interface Generation {
  readonly activities: Activities;
  /** Never fulfilled; rejected when the worker is killed. */
  readonly death: Promise<never>;
  die(): void;
  close(): Promise<void>;
}

/** Puts something around the product's activities. */
export type Wrap = (activities: Activities) => Activities;

interface ClusterWorker {
  /**
   * The worker dies and another one starts: every connection is gone, what an activity had done or was about to say is
   * lost, and Temporal tries it again.
   */
  kill(): void;
  close(): Promise<void>;
}

export interface Workers {
  readonly harness: Harness;
  enter(cluster: string, sshConfigFile: string, wrap?: Wrap): ClusterWorker;
  close(): Promise<void>;
}

/** Asked about Temporal alone, not about hosts: without connections there is nothing to lose. */
const aboutTemporal = new Set(['findOperation', 'recallQueue', 'seeEnding', 'watchOperation', 'notify']);

/** The way to a host that is off is noticed sooner than by default, as everything is faster here. */
const connection = { keepaliveIntervalMs: 300, keepaliveCountMax: 3, readyTimeoutMs: 1_000 };

const newGeneration = (configFile: string, wrap: Wrap): Generation => {
  const hosts = createHosts({ configFile, ...connection });
  let die = (): void => undefined;
  const death = new Promise<never>((_, reject) => {
    die = () =>
      reject(ApplicationFailure.create({ type: 'WorkerDied', message: 'the worker died', nextRetryDelay: '200ms' }));
  });
  death.catch(() => undefined);
  return {
    activities: wrap(createActivities({ hosts, webhooks: new Map() })),
    death,
    die,
    close: () => hosts.close(),
  };
};

export const startWorkers = async (server: Parameters<typeof startHarness>[0], taskQueue: string): Promise<Workers> => {
  const generations = new Map<string, Generation>();
  const route =
    (name: keyof Activities) =>
    async (...args: unknown[]): Promise<unknown> => {
      const [, cluster = ''] = activityInfo().workflowExecution?.workflowId.split('/') ?? [];
      const generation = generations.get(cluster);
      if (generation === undefined) throw ApplicationFailure.nonRetryable(`${cluster} is over`, 'WorkerDied');
      const activity = generation.activities[name] as (...all: unknown[]) => Promise<unknown>;
      if (aboutTemporal.has(name)) return activity(...args);
      const answer = activity(...args);
      answer.catch(() => undefined);
      return Promise.race([answer, generation.death]);
    };
  const probe = newGeneration('/dev/null', (activities) => activities);
  const activities = Object.fromEntries(
    Object.keys(probe.activities).map((name) => [name, route(name as keyof Activities)]),
  ) as Partial<Activities>;
  await probe.close();
  const harness = await startHarness(server, { taskQueue, activities });
  return {
    harness,
    enter: (cluster, sshConfigFile, wrap = (all) => all) => {
      generations.set(cluster, newGeneration(sshConfigFile, wrap));
      return {
        kill: () => {
          const before = generations.get(cluster);
          if (before === undefined) return;
          generations.set(cluster, newGeneration(sshConfigFile, wrap));
          before.die();
          void before.close();
        },
        close: async () => {
          const last = generations.get(cluster);
          generations.delete(cluster);
          last?.die();
          await last?.close();
        },
      };
    },
    close: () => harness.close(),
  };
};
