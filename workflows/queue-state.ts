import type { ClusterQueue, SubmitRequest } from '../model/messages.js';
import { workflowIds } from '../model/messages.js';
import { isOperationKind } from '../model/operations.js';
import type { OperationContext } from '../model/operation.js';
import { beginsNow, isExclusive, nextToStart, positionOf, waitsFor } from '../model/queue.js';
import type { EndedEntry, QueueEntry } from '../model/queue.js';
import { memoryPart } from '../model/queue-memory.js';
import type { QueueMemory } from '../model/queue-memory.js';
import type { Announced } from './announce.js';
import type { Recalled } from './lost-queue.js';
import type { Ending } from './run-child.js';

export type RunningEntry = QueueEntry & { runId?: string };
/** One that had begun when its queue was lost waits to be found again: it is not this queue's to withdraw. */
type WaitingEntry = QueueEntry & { readonly begun?: true };

export interface QueueState {
  /** Of the operation that was asked for last. */
  readonly context: OperationContext | undefined;
  readonly ended: readonly EndedEntry[];
  readonly isEmpty: () => boolean;
  /** Workflow that runs it, now or later. */
  readonly workflowIdOf: (entry: QueueEntry) => string;
  /** The operation of that id: waiting, running or ended. */
  readonly find: (operation: string) => { open?: QueueEntry; past?: EndedEntry };
  readonly ask: (request: SubmitRequest) => QueueEntry;
  readonly positionOf: (entry: QueueEntry) => number;
  /** Takes the next one that may start now out of those that wait. */
  readonly startNext: () => RunningEntry | undefined;
  readonly started: (entry: RunningEntry, runId: string) => void;
  readonly finished: (entry: RunningEntry, ending: Ending) => void;
  /**
   * An operation ended that this queue had not begun.
   * @returns whom to tell of it, as far as that is known; undefined where the workflow does not say what it is
   */
  readonly otherFinished: (operation: string, workflowId: string, ending: Ending) => Announced | undefined;
  /** @returns whether it waited */
  readonly withdraw: (operation: string, message: string) => boolean;
  readonly withdrawAll: (message: string) => void;
  readonly takeOver: (recalled: Recalled) => void;
  readonly view: () => ClusterQueue;
  readonly memory: (from: number, whole: boolean) => QueueMemory;
}

const idOf = ({ request }: QueueEntry): string => request.context.operation;

/**
 * What the queue of a cluster knows: what waits, runs and has ended.
 * @param changed called after each change
 */
export const createQueueState = (
  initial: { readonly cluster: string; readonly ended: readonly EndedEntry[]; readonly context?: OperationContext },
  limits: { readonly rememberedOperations: number; readonly begunAfterLossMs: number },
  changed: () => void,
): QueueState => {
  const { cluster } = initial;
  let context = initial.context;
  const ended = [...initial.ended];
  const waiting: WaitingEntry[] = [];
  const running: RunningEntry[] = [];
  const queue = { waiting, running };
  const sharedLimit = (): number => context?.policy.parallelJoins ?? 1;

  const workflowIdOf = ({ request: { context: of } }: QueueEntry): string =>
    isExclusive(of.kind) ? workflowIds.exclusive(cluster) : workflowIds.shared(cluster, of.kind, of.target.name);
  const itemOf = ({ request: { context: of, by, digest }, since }: QueueEntry) => ({
    operation: of.operation,
    kind: of.kind,
    host: of.target.name,
    by,
    since,
    ...(digest === undefined ? {} : { digest }),
  });

  const endedAs = (operation: string): EndedEntry | undefined => ended.find((entry) => entry.operation === operation);
  const openAs = (operation: string): QueueEntry | undefined =>
    [...running, ...waiting].find((entry) => idOf(entry) === operation);
  const isKnown = (entry: QueueEntry): boolean => (endedAs(idOf(entry)) ?? openAs(idOf(entry))) !== undefined;

  const remember = (entry: EndedEntry): void => {
    // One that an operator reset after its end has ended once more.
    const before = ended.findIndex(({ operation }) => operation === entry.operation);
    if (before !== -1) ended.splice(before, 1);
    ended.push(entry);
    if (ended.length > limits.rememberedOperations) ended.shift();
    changed();
  };
  const rememberWithdrawn = (entry: QueueEntry, message: string): void =>
    remember({ ...itemOf(entry), workflowId: workflowIdOf(entry), outcome: 'cancelled', message });
  const takeOut = (entry: WaitingEntry | undefined): void => {
    if (entry !== undefined) waiting.splice(waiting.indexOf(entry), 1);
  };

  return {
    get context() {
      return context;
    },
    ended,
    isEmpty: () => waiting.length === 0 && running.length === 0,
    workflowIdOf,
    find: (operation) => {
      const [open, past] = [openAs(operation), endedAs(operation)];
      return { ...(open === undefined ? {} : { open }), ...(past === undefined ? {} : { past }) };
    },
    ask: (request) => {
      const entry = { request, since: new Date().toISOString() };
      waiting.push(entry);
      context = request.context;
      changed();
      return entry;
    },
    positionOf: (entry) => positionOf(queue, entry, sharedLimit()),
    startNext: () => {
      const next = nextToStart(queue, sharedLimit());
      if (next === undefined) return undefined;
      waiting.splice(waiting.indexOf(next), 1);
      running.push(next);
      return next;
    },
    started: (entry, runId) => {
      entry.runId = runId;
      changed();
    },
    finished: (entry, ending) => {
      running.splice(running.indexOf(entry), 1);
      remember({ ...itemOf(entry), workflowId: workflowIdOf(entry), ...ending });
    },
    otherFinished: (operation, workflowId, ending) => {
      const asked = waiting.find((entry) => idOf(entry) === operation);
      takeOut(asked);
      const [, kind, host = ''] = operation.split('/');
      if (kind === undefined || !isOperationKind(kind)) return undefined;
      // One that was reset after its end is known already.
      const known = endedAs(operation);
      const { by, since, digest } = known ?? { by: 'unknown', since: new Date().toISOString() };
      const item =
        asked === undefined
          ? { operation, kind, host, by, since, ...(digest === undefined ? {} : { digest }) }
          : itemOf(asked);
      remember({ ...item, workflowId, ...ending });
      // Who was to be told of it is not known any more: the operation that was asked for last names them as well.
      const { notify } = asked?.request.context ?? context ?? { notify: [] };
      return { operation, cluster, kind, host: item.host, by: item.by, notify };
    },
    withdraw: (operation, message) => {
      const entry = waiting.find((one) => idOf(one) === operation && one.begun !== true);
      if (entry === undefined) return false;
      takeOut(entry);
      rememberWithdrawn(entry, message);
      return true;
    },
    withdrawAll: (message) => {
      for (const entry of waiting.filter(({ begun }) => begun !== true)) {
        takeOut(entry);
        rememberWithdrawn(entry, message);
      }
    },
    takeOver: (recalled) => {
      context ??= recalled.context;
      ended.unshift(...recalled.ended.filter(({ operation }) => endedAs(operation) === undefined));
      ended.splice(0, ended.length - limits.rememberedOperations);
      // What the lost queue had accepted goes before what was asked for since.
      const askedSince = waiting.splice(0);
      for (const { request, since, begun, lostAt } of recalled.entries) {
        const entry: WaitingEntry = { request, since, ...(begun ? { begun } : {}) };
        if (isKnown(entry)) continue;
        const inTime = Date.now() - Date.parse(lostAt) <= limits.begunAfterLossMs;
        if (begun || inTime || askedSince.some((one) => idOf(one) === idOf(entry))) waiting.push(entry);
        else rememberWithdrawn(entry, `its queue was lost at ${lostAt}, before it began; ask for it again`);
      }
      for (const entry of askedSince) if (!isKnown(entry)) waiting.push(entry);
      changed();
    },
    view: () => ({
      cluster,
      running: running.map((entry) => ({
        ...itemOf(entry),
        workflowId: workflowIdOf(entry),
        ...(entry.runId === undefined ? {} : { runId: entry.runId }),
      })),
      waiting: waiting.map((entry) => ({
        ...itemOf(entry),
        waitsFor: waitsFor(queue, entry, sharedLimit()) ?? beginsNow,
      })),
      ended: ended.slice(-200),
    }),
    memory: (from, whole) => memoryPart({ running, waiting, ended, context, whole }, from),
  };
};
