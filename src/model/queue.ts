import type { SubmitRequest } from './messages.js';
import type { OperationKind } from './operation.js';
import type { OperationOutcome } from './progress.js';

/** Exclusive operations change membership, control-plane nodes or the load balancer: one at a time per cluster. */
export const isExclusive = (kind: OperationKind): boolean => kind !== 'join-worker';

export interface QueueEntry {
  readonly request: SubmitRequest;
  /** ISO 8601. */
  readonly since: string;
}

export interface EndedEntry {
  readonly operation: string;
  readonly kind: OperationKind;
  readonly host: string;
  readonly by: string;
  readonly since: string;
  readonly workflowId: string;
  readonly runId?: string;
  readonly outcome: OperationOutcome;
  readonly message?: string;
}

export interface Queue {
  readonly waiting: readonly QueueEntry[];
  readonly running: readonly QueueEntry[];
}

const operationOf = (entry: QueueEntry): string => entry.request.context.operation;

/**
 * Why an operation cannot start now, or undefined when it can.
 * - an exclusive one waits for a running exclusive one and for those asked for before it;
 * - a shared one waits while `init` runs or waits before it, while another operation is about the same host, and for a free place.
 */
export const waitsFor = (queue: Queue, entry: QueueEntry, sharedLimit: number): string | undefined => {
  const { context } = entry.request;
  const before = queue.waiting.slice(0, queue.waiting.indexOf(entry));
  const sameHost = [...queue.running, ...before].find(
    (other) => other.request.context.target.name === context.target.name,
  );
  if (sameHost !== undefined) return `${operationOf(sameHost)} (same host)`;
  if (isExclusive(context.kind)) {
    const holder = [...queue.running, ...before].find((other) => isExclusive(other.request.context.kind));
    if (holder !== undefined) return `${operationOf(holder)} (holds the membership lock or is before it)`;
    if (context.kind !== 'init') return undefined;
    const shared = queue.running[0];
    return shared === undefined ? undefined : `${operationOf(shared)} (init runs alone)`;
  }
  const init = [...queue.running, ...before].find((other) => other.request.context.kind === 'init');
  if (init !== undefined) return `${operationOf(init)} (init runs alone)`;
  const shared = queue.running.filter((other) => !isExclusive(other.request.context.kind)).length;
  return shared >= sharedLimit ? `a free place: ${shared} worker joins run, the limit is ${sharedLimit}` : undefined;
};

/** The first entry that may start now. */
export const nextToStart = (queue: Queue, sharedLimit: number): QueueEntry | undefined =>
  queue.waiting.find((entry) => waitsFor(queue, entry, sharedLimit) === undefined);
