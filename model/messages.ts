import { z } from 'zod';
import { OperationContext } from './operation.js';
import { operationKinds, workflowTypes } from './operations.js';
import { decisionActions, operationOutcomes } from './progress.js';

/** Names of workflow types, updates, queries and signals, shared by workflows and clients. */
export const names = {
  workflows: {
    cluster: 'clusterEntity',
    ...workflowTypes,
    status: 'readClusterStatus',
    plan: 'planChange',
    notification: 'deliverNotification',
  },
  updates: { submit: 'submit', withdraw: 'withdraw', decide: 'decide' },
  queries: { queue: 'queue', context: 'context', memory: 'memory', progress: 'progress' },
  signals: { hostPrinted: 'hostPrinted' },
} as const;

export const taskQueue = 'quorate';

/** Workflow ids (docs/design.md, The server is the mutex): a fixed id per exclusive right, so that the server itself is the mutex. */
export const workflowIds = {
  cluster: (cluster: string) => `cluster/${cluster}`,
  exclusive: (cluster: string) => `change/${cluster}`,
  shared: (cluster: string, kind: string, host: string) => `op/${cluster}/${kind}/${host}`,
};

/** Argument of the update `submit` of the cluster entity. */
export const SubmitRequest = z.object({
  /** Made by `operationContext`; `context.operation` is the operation's id. */
  context: OperationContext,
  /** Who asks, such as user@machine. */
  by: z.string().min(1).max(200),
  /** Digest of what was sent: the same operation id with another one is refused. Absent where nobody made one. */
  digest: z.string().max(100).optional(),
});
export type SubmitRequest = z.infer<typeof SubmitRequest>;

export const SubmitResult = z.object({
  operation: z.string(),
  /** Workflow that runs it, now or later. */
  workflowId: z.string(),
  /** 0 when it may start at once, else how many operations are before it. */
  position: z.number(),
});
export type SubmitResult = z.infer<typeof SubmitResult>;

/** Argument of the update `withdraw` of the cluster entity: takes an operation that waits out of the queue. */
export const WithdrawRequest = z.object({
  operation: z.string(),
  by: z.string().min(1, 'say who withdraws it').max(200),
  reason: z.string().max(1000),
});
export type WithdrawRequest = z.infer<typeof WithdrawRequest>;

/** What stands in the update that the page of a blocked operation shows; whoever copies it replaces them. */
export const placeholders = { by: 'YOUR NAME', reason: 'WHY' } as const;

/** Argument of the update `decide` of a blocked operation. */
export const Decision = z.object({
  action: z.enum(decisionActions),
  by: z
    .string()
    .min(1, 'say who decides')
    .max(200)
    .refine((by) => by !== placeholders.by, `say who you are instead of ${placeholders.by}`),
  reason: z
    .string()
    .max(1000)
    .default('')
    .refine((reason) => reason !== placeholders.reason, `say why instead of ${placeholders.reason}, or leave it empty`),
  /** Number of the question that is answered (`blocked.question`); refused when another one is open. Default the open one. */
  about: z.int().optional(),
  /** When it goes on after the decision, milliseconds; default at once. Many that are retried together go on one after the other. */
  afterMs: z.int().min(0).max(600_000).optional(),
});
export type Decision = z.infer<typeof Decision>;

const QueueItem = z.object({
  operation: z.string(),
  kind: z.enum(operationKinds),
  host: z.string(),
  by: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** Of the request for it. */
  digest: z.string().optional(),
});

export const EndedItem = QueueItem.extend({
  workflowId: z.string(),
  runId: z.string().optional(),
  outcome: z.enum(operationOutcomes),
  message: z.string().optional(),
});

/** Answer of the query `queue` of the cluster entity. */
export const ClusterQueue = z.object({
  cluster: z.string(),
  running: z.array(QueueItem.extend({ workflowId: z.string(), runId: z.string().optional() })),
  waiting: z.array(QueueItem.extend({ waitsFor: z.string() })),
  /** Newest last, at most 200. */
  ended: z.array(EndedItem),
});
export type ClusterQueue = z.infer<typeof ClusterQueue>;

/** Signal `hostPrinted` of an operation: what its command on the host does now. */
export const HostPrinted = z.object({ step: z.string(), line: z.string() });
export type HostPrinted = z.infer<typeof HostPrinted>;
