import type { WorkflowExecutionInfo } from '@temporalio/client';
import { z } from 'zod';
import type { ClusterQueue } from '../../model/messages.js';
import { isOperationKind } from '../../model/operations.js';
import { operationOutcomes, type OperationOutcome } from '../../model/progress.js';
import { beginsNow, isExclusive } from '../../model/queue.js';
import { searchAttributes } from '../../model/search-attributes.js';

const operationStates = ['waiting', 'running', 'blocked', ...operationOutcomes] as const;
export type OperationState = (typeof operationStates)[number];

/** One operation as lists show it. Times are ISO 8601. */
export const OperationSummary = z.object({
  /** `<cluster>/<kind>/<host>/<key>`. */
  operation: z.string(),
  cluster: z.string(),
  kind: z.string(),
  host: z.string(),
  state: z.enum(operationStates),
  /** Id of the step that runs, or how it ended. */
  phase: z.string().optional(),
  /** A type of failure, such as `Unreachable`; while it is blocked. */
  blockedReason: z.string().optional(),
  /** Since when; tells the blocks of an operation apart. */
  blockedSince: z.string().optional(),
  /** Number of the open question: a decision that names it as `about` does not answer a later one. */
  blockedQuestion: z.number().int().optional(),
  /** It holds the membership lock of its cluster: exclusive, and about to begin, running or blocked. Absent otherwise. */
  holdsLock: z.boolean().optional(),
  /** What it waits for, while it has not begun. */
  waitsFor: z.string().optional(),
  /** Who asked for it. */
  by: z.string().optional(),
  /** When it began, or was asked for while it waits. */
  since: z.string(),
  endedAt: z.string().optional(),
  message: z.string().optional(),
  workflowId: z.string(),
  /** Absent while it waits. */
  runId: z.string().optional(),
});
export type OperationSummary = z.infer<typeof OperationSummary>;

/** What a row of the visibility list and a description have in common. */
type Execution = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'status' | 'startTime' | 'typedSearchAttributes'
> & {
  readonly closeTime?: Date | undefined;
  readonly memo?: Readonly<Record<string, unknown>> | undefined;
};

const stateOf = (info: Execution, phase: string | undefined, blocked: boolean): OperationState => {
  switch (info.status.name) {
    case 'RUNNING':
    case 'PAUSED':
      return blocked ? 'blocked' : 'running';
    case 'COMPLETED':
      return 'finished';
    case 'CANCELLED':
      return 'cancelled';
    case 'TERMINATED':
      return 'terminated';
    case 'FAILED':
    case 'TIMED_OUT':
    case 'CONTINUED_AS_NEW':
    case 'UNSPECIFIED':
    case 'UNKNOWN':
      // Rolled back and aborted operations end as failed runs; the last phase says which.
      return operationOutcomes.find((outcome) => outcome === phase) ?? 'failed';
  }
};

const nonEmpty = <Name extends string>(name: Name, value: unknown): { [key in Name]?: string } =>
  (typeof value === 'string' && value !== '' ? { [name]: value } : {}) as { [key in Name]?: string };

const BlockedMemo = z.object({ blocked: z.object({ since: z.string(), question: z.number().int().optional() }) });

/** Since when an operation is blocked and with which question, by the memo, which lists carry. */
const blockOf = (memo: unknown): Pick<OperationSummary, 'blockedSince' | 'blockedQuestion'> => {
  const { data } = BlockedMemo.safeParse(memo);
  if (data === undefined) return {};
  const { since, question } = data.blocked;
  return { ...nonEmpty('blockedSince', since), ...(question === undefined ? {} : { blockedQuestion: question }) };
};

/** Whether an operation of that kind keeps the membership lock while it runs. */
export const needsLock = (kind: string): boolean => isOperationKind(kind) && isExclusive(kind);

/** Reads one execution; undefined when it is not an operation. */
export const summaryOf = (info: Execution): OperationSummary | undefined => {
  const attributes = info.typedSearchAttributes;
  const operation = attributes.get(searchAttributes.operation);
  if (operation === undefined) return undefined;
  const phase = attributes.get(searchAttributes.phase);
  const state = stateOf(info, phase, attributes.get(searchAttributes.blocked) === true);
  const kind = attributes.get(searchAttributes.kind) ?? '';
  return {
    operation,
    cluster: attributes.get(searchAttributes.cluster) ?? '',
    kind,
    host: attributes.get(searchAttributes.host) ?? '',
    state,
    ...nonEmpty('phase', phase),
    ...nonEmpty('blockedReason', state === 'blocked' ? attributes.get(searchAttributes.blockedReason) : undefined),
    ...(state === 'blocked' ? blockOf(info.memo) : {}),
    ...(needsLock(kind) && !hasEnded(state) ? { holdsLock: true } : {}),
    ...nonEmpty('by', info.memo?.['by']),
    since: info.startTime.toISOString(),
    ...nonEmpty('endedAt', info.closeTime?.toISOString()),
    workflowId: info.workflowId,
    runId: info.runId,
  };
};

/**
 * Operations of a cluster's queue that visibility does not know: they wait, are about to begin, or were withdrawn before
 * they began.
 */
export const queuedOperations = (queue: ClusterQueue): OperationSummary[] => {
  const { cluster } = queue;
  // Next in line, but the server has not started it yet.
  const beginning = queue.running
    .filter(({ runId }) => runId === undefined)
    .map((item) => ({ ...item, waitsFor: beginsNow, ...(needsLock(item.kind) ? { holdsLock: true } : {}) }));
  const waiting = [...beginning, ...queue.waiting].map(
    ({ operation, kind, host, by, since, waitsFor, ...more }): OperationSummary => ({
      operation,
      cluster,
      kind,
      host,
      state: 'waiting',
      ...('holdsLock' in more ? { holdsLock: true } : {}),
      waitsFor,
      by,
      since,
      workflowId: '',
    }),
  );
  const withdrawn = queue.ended
    .filter((item) => item.runId === undefined)
    .map((item): OperationSummary => {
      const { operation, kind, host, by, since, outcome, message, workflowId } = item;
      return { operation, cluster, kind, host, state: outcome, ...nonEmpty('message', message), by, since, workflowId };
    });
  return [...waiting, ...withdrawn];
};

/** Operations of a cluster's queue that have begun; they show in visibility a moment later. */
export const begunOperations = ({ cluster, running }: ClusterQueue): OperationSummary[] =>
  running.flatMap(({ operation, kind, host, by, since, workflowId, runId }) =>
    runId === undefined ? [] : [{ operation, cluster, kind, host, state: 'running', by, since, workflowId, runId }],
  );

export const hasEnded = (state: OperationState): state is OperationOutcome =>
  (operationOutcomes as readonly string[]).includes(state);
