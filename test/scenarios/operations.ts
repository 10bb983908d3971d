import type { WorkflowHandle } from '@temporalio/client';
import { parse } from 'yaml';
import { clusterYaml } from '../../lab/cluster-yaml.js';
import type { LabHost } from '../../lab/index.js';
import type { Activities } from '../../activities/contract.js';
import { createActivities } from '../../activities/index.js';
import { createHosts } from '../../adapters/ssh/hosts.js';
import type { Hosts } from '../../adapters/ssh/types.js';
import type { OperationContext } from '../../model/operation.js';
import type { OperationKind } from '../../model/operations.js';
import type { DecisionAction, OperationProgress } from '../../model/progress.js';
import { operationContext } from '../../model/specification/operation-context.js';
import type { Specification } from '../../model/specification/specification.js';
import { validateSpecification } from '../../model/specification/validate.js';
import { connectToTestServer, uniqueName } from '../support/temporal.js';
import { evidenceExists, recordingActivities, recordRefusal, watchProgress } from '../support/verdict-moments.js';
import { decide, ended, progressOf, startHarness } from '../support/workflow-harness.js';
import type { Ended, Harness } from '../support/workflow-harness.js';

type Blocked = NonNullable<OperationProgress['blocked']>;

export type Outcome =
  | (Ended & { readonly progress: OperationProgress })
  | { readonly status: 'blocked'; readonly blocked: Blocked; readonly handle: WorkflowHandle };

/** Waits until a workflow has ended or waits for a decision, after that many decisions. */
const endedOrBlocked = async (handle: WorkflowHandle, decisions = 0): Promise<Outcome> => {
  let over = false;
  const end = ended(handle).finally(() => (over = true));
  end.then(
    ({ status, type, message, details }) => {
      if (status === 'failed') recordRefusal(type, message, details);
    },
    () => undefined,
  );
  const watch = watchProgress();
  for (;;) {
    const progress = await progressOf(handle).catch(() => undefined);
    if (progress !== undefined) watch(progress);
    if (progress?.blocked !== undefined && progress.decisions.length >= decisions)
      return { status: 'blocked', blocked: progress.blocked, handle };
    if (over) {
      const last = await progressOf(handle);
      watch(last);
      return { ...(await end), progress: last };
    }
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 200))]);
  }
};

/** The product on hosts: its own workflows and activities, over SSH, on a real Temporal server. */
export interface Operations {
  readonly specification: Specification;
  readonly hosts: Hosts;
  readonly activities: Activities;
  readonly harness: Harness;
  context(kind: OperationKind, host: string): OperationContext;
  /** Runs an operation until it ends, or waits for a decision. */
  run(kind: OperationKind, host: string): Promise<Outcome>;
  stop(): Promise<void>;
}

export interface OperationsOptions {
  /** Of the cluster. */
  readonly cluster: string;
  /** Those that the specification names. */
  readonly hosts: readonly LabHost[];
  readonly sshConfigFile: string;
  readonly change?: (specification: Specification) => Specification;
  /** Puts something around the product's activities. */
  readonly wrap?: (activities: Activities) => Activities;
  /** Makes the worker. Default: one of its own. */
  readonly startWorker?: StartWorker;
}

/** A worker that runs these activities for a cluster, until it is closed. */
export type StartWorker = (cluster: string, activities: Activities) => Promise<Harness>;

const ownWorker: StartWorker = async (cluster, activities) => {
  const server = await connectToTestServer();
  const harness = await startHarness(server, { taskQueue: uniqueName(cluster), activities });
  return {
    ...harness,
    close: async () => {
      await harness.close();
      await server.close();
    },
  };
};

const specificationOf = (yaml: string): Specification => {
  const validated = validateSpecification(parse(yaml));
  if (!validated.ok) throw new Error(JSON.stringify(validated));
  return validated.specification;
};

export const startOperations = async (options: OperationsOptions): Promise<Operations> => {
  const { cluster, sshConfigFile, change = (one) => one, wrap = (one) => one, startWorker = ownWorker } = options;
  const hosts = createHosts({ configFile: sshConfigFile });
  const activities = recordingActivities(wrap(createActivities({ hosts, webhooks: new Map() })));
  const harness = await startWorker(cluster, activities);
  const key = uniqueName('').slice(1);
  const specification = change(specificationOf(clusterYaml({ name: cluster, hosts: options.hosts })));
  let number = 0;
  const started = new Set<WorkflowHandle>();
  const context: Operations['context'] = (kind, host) =>
    operationContext(specification, kind, host, {
      operation: `${cluster}/${kind}/${host}/${key}-${(number += 1)}`,
      round: 0,
    });
  return {
    specification,
    hosts,
    activities,
    harness,
    context,
    run: async (kind, host) => {
      evidenceExists('start');
      const handle = await harness.start(context(kind, host));
      started.add(handle);
      return endedOrBlocked(handle);
    },
    stop: async () => {
      // What still waits for a decision would wait for ever, and with it whoever waits for its end.
      await Promise.all([...started].map((handle) => handle.terminate().catch(() => undefined)));
      await Promise.all([...started].map((handle) => handle.result().catch(() => undefined)));
      await harness.close();
      await hosts.close();
    },
  };
};

/** The outcome of an operation that has to finish. @throws Error that tells why it did not */
export const requireFinished = (
  outcome: Outcome,
  { world: { defects } }: { readonly world: { readonly defects: readonly string[] } } = { world: { defects: [] } },
): Outcome => {
  if (outcome.status === 'completed') return outcome;
  const said =
    outcome.status === 'blocked'
      ? [`${outcome.blocked.type} at ${outcome.blocked.step}: ${outcome.blocked.message}`, ...outcome.blocked.evidence]
      : [`${outcome.status}: ${outcome.message}`];
  throw new Error([...said, ...defects.map((defect) => `defect of the simulation: ${defect}`)].join('\n'));
};

/** Decides a blocked operation, and waits until it has ended or waits again. */
export const decideAndWait = async (outcome: Outcome, action: DecisionAction): Promise<Outcome> => {
  if (outcome.status !== 'blocked') throw new Error(`it is not blocked: ${outcome.status} ${outcome.message}`);
  const before = (await progressOf(outcome.handle)).decisions.length;
  await decide(outcome.handle, action);
  return endedOrBlocked(outcome.handle, before + 1);
};
