import type { ClusterQueue, SubmitRequest } from './messages.js';
import type { OperationKind } from './operations.js';
import { definitionOf, operations } from './operations.js';

/** Exclusive operations change membership, control-plane nodes or the load balancer: one at a time per cluster. */
export const isExclusive = (kind: OperationKind): boolean => operations[kind].lock !== 'shared';

/** What an operation waits for that nothing holds up: it begins in the next moment. */
export const beginsNow = 'its start';

export interface QueueEntry {
  readonly request: SubmitRequest;
  /** ISO 8601. */
  readonly since: string;
}

export type EndedEntry = Readonly<ClusterQueue['ended'][number]>;

export interface Queue {
  readonly waiting: readonly QueueEntry[];
  readonly running: readonly QueueEntry[];
}

const operationOf = (entry: QueueEntry): string => entry.request.context.operation;

/** Why two operations may not run at the same time, or undefined when they may. */
const conflict = (one: QueueEntry, other: QueueEntry): string | undefined => {
  const { context } = one.request;
  const { context: theirs } = other.request;
  if (context.target.name === theirs.target.name) return 'same host';
  const alone = [context, theirs].find((of) => definitionOf(of).lock === 'alone');
  if (alone !== undefined) return `${alone.kind} runs alone`;
  return isExclusive(context.kind) && isExclusive(theirs.kind)
    ? 'holds the membership lock or is before it'
    : undefined;
};

/** Operations that run, and those asked for before this one. */
const before = (queue: Queue, entry: QueueEntry): readonly QueueEntry[] => [
  ...queue.running,
  ...queue.waiting.slice(0, queue.waiting.indexOf(entry)),
];

/**
 * Why an operation that waits cannot start now, or undefined when it can: it waits for what runs or was asked for
 * before it and is about the same host, is exclusive as it is itself, or is an `init`; a shared one also for a free
 * place.
 */
export const waitsFor = (queue: Queue, entry: QueueEntry, sharedLimit: number): string | undefined => {
  for (const other of before(queue, entry)) {
    const why = conflict(entry, other);
    if (why !== undefined) return `${operationOf(other)} (${why})`;
  }
  if (isExclusive(entry.request.context.kind)) return undefined;
  const shared = queue.running.filter((other) => !isExclusive(other.request.context.kind)).length;
  return shared >= sharedLimit ? `a free place: ${shared} worker joins run, the limit is ${sharedLimit}` : undefined;
};

/** 0 when it runs or may start at once, else how many operations have to end (of those before it) until it may. */
export const positionOf = (queue: Queue, entry: QueueEntry, sharedLimit: number): number => {
  if (!queue.waiting.includes(entry) || waitsFor(queue, entry, sharedLimit) === undefined) return 0;
  return Math.max(1, before(queue, entry).filter((other) => conflict(entry, other) !== undefined).length);
};

/** The first entry that may start now. */
export const nextToStart = (queue: Queue, sharedLimit: number): QueueEntry | undefined =>
  queue.waiting.find((entry) => waitsFor(queue, entry, sharedLimit) === undefined);
