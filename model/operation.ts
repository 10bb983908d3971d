import { z } from 'zod';
import { operationKinds } from './operations.js';

export const ContextHost = z.object({
  name: z.string(),
  address: z.string(),
  /** Name in the SSH configuration when it is not the host's name. */
  ssh: z.string().optional(),
});
export type ContextHost = z.infer<typeof ContextHost>;

/**
 * What the activities of one operation need of the specification: small, as it is in the history of each activity.
 * Made from the specification by `operationContext`; never holds a secret.
 */
export const OperationContext = z.object({
  /** `<cluster>/<kind>/<host>/<key>`. */
  operation: z.string(),
  kind: z.enum(operationKinds),
  cluster: z.string(),
  /** sha256:<hex> of the CA of the cluster that the operation has begun to work on; absent while it has read none. */
  caHash: z.string().optional(),
  kubernetesVersion: z.string(),
  /** host:port. */
  endpoint: z.string(),
  networking: z.object({
    podSubnet: z.string().optional(),
    serviceSubnet: z.string().optional(),
    dnsDomain: z.string().optional(),
  }),
  /** The host that the operation is about. */
  target: ContextHost.extend({
    labels: z.record(z.string(), z.string()),
    taints: z.array(z.object({ key: z.string(), value: z.string().optional(), effect: z.string() })).optional(),
  }),
  controlPlane: z.array(ContextHost),
  loadBalancer: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('haproxy'), hosts: z.array(ContextHost), backend: z.string() }),
    z.object({ kind: z.literal('external') }),
  ]),
  policy: z.object({
    resetDirtyHosts: z.enum(['never', 'approve', 'when-ours']),
    networkLeftovers: z.enum(['warn', 'clean']).default('warn'),
    removeStaleMembers: z.enum(['never', 'approve', 'when-safe']),
    snapshotsKept: z.number(),
    /** Milliseconds. */
    joinBudgetMs: z.number(),
    /** How long a step retries an unreachable host before the operation blocks, milliseconds. */
    unreachableBudgetMs: z.number(),
    /** How long a step waits for readiness before the operation blocks, milliseconds. */
    readyBudgetMs: z.number(),
    /** A blocked operation goes on by itself when a probe sees the cause gone. */
    resumeWhenHealthy: z.boolean(),
    /** Time between the first probes of a blocked operation, milliseconds; later ones are up to four times as far apart. */
    probeEveryMs: z.number(),
    /** Worker joins of the cluster that run at the same time. */
    parallelJoins: z.number().int(),
    approvals: z.object({
      /** Each plan waits for an approval before the first change. */
      plans: z.boolean(),
      /** Who asked for an operation may not approve it. */
      byAnother: z.boolean(),
      /** How long a request for an approval waits, and how long an approval holds, milliseconds. */
      expireAfterMs: z.number(),
    }),
  }),
  /** Webhooks to be told when the operation blocks, resumes and ends: names that the worker's configuration knows. */
  notify: z.array(z.string()),
  kubeadm: z.object({
    ignorePreflightErrors: z.array(z.string()),
    criSocket: z.string(),
    imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    /** Passed through to KubeletConfiguration, KubeProxyConfiguration and ClusterConfiguration. */
    kubelet: z.record(z.string(), z.unknown()),
    kubeProxy: z.record(z.string(), z.unknown()),
    clusterConfiguration: z.record(z.string(), z.unknown()),
    kubeletExtraArgs: z.array(z.object({ name: z.string(), value: z.string() })),
  }),
  /** Counts the times the operation began again after a decision; part of the names of units on hosts. */
  round: z.number().int(),
});
export type OperationContext = z.infer<typeof OperationContext>;
