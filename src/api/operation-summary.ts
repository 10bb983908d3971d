import type { WorkflowExecutionInfo } from '@temporalio/client';
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import type { ClusterQueue } from '../model/messages.js';
import type { SearchAttributeName } from '../model/search-attributes.js';
import { operationOutcomes, type OperationOutcome } from '../model/progress.js';

export type OperationState = 'waiting' | 'running' | 'blocked' | OperationOutcome;

/** One operation as lists show it. Times are ISO 8601. */
export interface OperationSummary {
  /** `<cluster>/<kind>/<host>/<key>`. */
  readonly operation: string;
  readonly cluster: string;
  readonly kind: string;
  readonly host: string;
  readonly state: OperationState;
  /** Id of the step that runs, or how it ended. */
  readonly phase?: string;
  readonly blockedReason?: string;
  /** What it waits for, while it has not begun. */
  readonly waitsFor?: string;
  readonly by?: string;
  /** When it began, or was asked for while it waits. */
  readonly since: string;
  readonly endedAt?: string;
  readonly message?: string;
  readonly workflowId: string;
  /** Absent while it waits. */
  readonly runId?: string;
}

const keyword = (name: SearchAttributeName) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
const keys = {
  cluster: keyword('QuorateCluster'),
  host: keyword('QuorateHost'),
  operation: keyword('QuorateOperation'),
  kind: keyword('QuorateKind'),
  phase: keyword('QuoratePhase'),
  blockedReason: keyword('QuorateBlockedReason'),
  blocked: defineSearchAttributeKey('QuorateBlocked', SearchAttributeType.BOOL),
};

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

/** Reads one execution; undefined when it is no operation. */
export const summaryOf = (info: Execution): OperationSummary | undefined => {
  const attributes = info.typedSearchAttributes;
  const operation = attributes.get(keys.operation);
  if (operation === undefined) return undefined;
  const phase = attributes.get(keys.phase);
  const state = stateOf(info, phase, attributes.get(keys.blocked) === true);
  return {
    operation,
    cluster: attributes.get(keys.cluster) ?? '',
    kind: attributes.get(keys.kind) ?? '',
    host: attributes.get(keys.host) ?? '',
    state,
    ...nonEmpty('phase', phase),
    ...nonEmpty('blockedReason', state === 'blocked' ? attributes.get(keys.blockedReason) : undefined),
    ...nonEmpty('by', info.memo?.['by']),
    since: info.startTime.toISOString(),
    ...nonEmpty('endedAt', info.closeTime?.toISOString()),
    workflowId: info.workflowId,
    runId: info.runId,
  };
};

/** Operations of a cluster's queue that visibility does not know: they wait, or were withdrawn before they began. */
export const queuedOperations = (queue: ClusterQueue): OperationSummary[] => {
  const { cluster } = queue;
  const waiting = queue.waiting.map((item): OperationSummary => {
    const { operation, kind, host, by, since, waitsFor } = item;
    return { operation, cluster, kind, host, state: 'waiting', waitsFor, by, since, workflowId: '' };
  });
  const withdrawn = queue.ended
    .filter((item) => item.runId === undefined)
    .map((item): OperationSummary => {
      const { operation, kind, host, by, since, outcome, message, workflowId } = item;
      return { operation, cluster, kind, host, state: outcome, ...nonEmpty('message', message), by, since, workflowId };
    });
  return [...waiting, ...withdrawn];
};

export const hasEnded = (state: OperationState): state is OperationOutcome =>
  (operationOutcomes as readonly string[]).includes(state);
