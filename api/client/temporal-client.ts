import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { ChangeRequest, QuorateClient } from './client.js';
import { listClusters } from './clusters.js';
import { cancelOperation, decideOperation } from './decide.js';
import { findOperation } from './find-operation.js';
import { listOperations } from './find-operations.js';
import { viewOperation } from './operation-view.js';
import { readPlan, readStatus } from './read-cluster.js';
import { describedCluster, requestedChange } from './requested-change.js';
import { retryOperations } from './retry-operations.js';
import { submitOperation } from './submit.js';
import { callOnce, type Patience } from './temporal-calls.js';
import { watchOperation } from './watch-operation.js';

/** Of what is asked for, as it was written: `by` and the name of the file are none of it. */
const digestOf = ({ verb, host, specification }: ChangeRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([verb, host, specification.text]))
    .digest('hex')
    .slice(0, 32);

/** A plan takes no place in a queue: callers that ask for the same plan share one reading. */
const planKey = 'plan';

/**
 * The use cases of Quorate over a Temporal client.
 *
 * @param taskQueue where the workers poll; default `quorate`.
 * @param patience how long a request for an operation waits for its answer; default a minute.
 */
export const createQuorateClient = (
  client: Client,
  taskQueue?: string,
  patience: Partial<Patience> = {},
): QuorateClient => {
  const queue = taskQueue === undefined ? {} : { taskQueue };
  return {
    submit: async (request, options) => {
      const context = requestedChange(request, request.key);
      const { cluster, kind, target } = context;
      const asked = { context, by: request.by, digest: digestOf(request) };
      const result = await submitOperation(client, asked, { ...queue, ...patience, ...options });
      return { ...result, cluster, kind, host: target.name };
    },
    plan: async (request, options) => readPlan(client, requestedChange(request, planKey), { ...queue, ...options }),
    status: async (specification, options) =>
      readStatus(client, describedCluster(specification), { ...queue, ...options }),
    clusters: () => callOnce(client, 'listing clusters', () => listClusters(client)),
    list: (filter) => callOnce(client, 'listing operations', () => listOperations(client, filter)),
    find: (typed, prefer) => callOnce(client, `finding ${typed}`, () => findOperation(client, typed, prefer)),
    view: (summary) => callOnce(client, `reading ${summary.operation}`, () => viewOperation(client, summary)),
    watch: (summary, options) => watchOperation(client, summary, options),
    decide: (summary, decision) =>
      callOnce(client, `deciding ${summary.operation}`, () => decideOperation(client, summary, decision)),
    cancel: (summary, why) =>
      callOnce(client, `cancelling ${summary.operation}`, () => cancelOperation(client, summary, why)),
    retry: (filter, options) =>
      callOnce(client, 'listing blocked operations', () => retryOperations(client, filter, options)),
  };
};
