import { z } from 'zod';
import { EndedItem, SubmitRequest } from './messages.js';
import { OperationContext } from './operation.js';
import type { EndedEntry, QueueEntry } from './queue.js';

const MemoryEntry = z.object({
  request: SubmitRequest,
  /** ISO 8601. */
  since: z.string(),
  /** It was being started or ran; else it waited. */
  begun: z.boolean(),
});

/** Answer of the query `memory` of the cluster entity: what the entity after it has to know, a part at a time. */
export const QueueMemory = z.object({
  /** What was accepted and has not ended, in the order of its turn. */
  entries: z.array(MemoryEntry),
  /** Entry from which the next part begins; absent in the last one. */
  next: z.number().int().optional(),
  /** Oldest first; in the first part only. */
  ended: z.array(EndedItem),
  context: OperationContext.optional(),
  /** Whether it knows what the entities before it knew. */
  whole: z.boolean(),
});
export type QueueMemory = z.infer<typeof QueueMemory>;

/** A request is a few kilobytes, and a message of Temporal may have two megabytes. */
const entriesInPart = 50;

/** @param from entry with which the part begins, 0 at first */
export const memoryPart = (
  {
    running,
    waiting,
    ended,
    context,
    whole,
  }: {
    readonly running: readonly QueueEntry[];
    readonly waiting: readonly (QueueEntry & { readonly begun?: true })[];
    readonly ended: readonly EndedEntry[];
    readonly context: OperationContext | undefined;
    readonly whole: boolean;
  },
  from: number,
): QueueMemory => {
  const all = [
    ...running.map(({ request, since }) => ({ request, since, begun: true })),
    ...waiting.map(({ request, since, begun = false }) => ({ request, since, begun })),
  ];
  const next = from + entriesInPart;
  return {
    entries: all.slice(from, next),
    ...(next < all.length ? { next } : {}),
    ended: from === 0 ? [...ended] : [],
    ...(from === 0 && context !== undefined ? { context } : {}),
    whole,
  };
};
