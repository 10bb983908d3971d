import { CancellationScope, log, rootCause } from '@temporalio/workflow';
import type { RecallPlace } from '../activities/contract.js';
import type { OperationContext } from '../model/operation.js';
import type { EndedEntry, QueueEntry } from '../model/queue.js';
import { readingLostQueue, titled } from './activity-proxies.js';

interface RecalledEntry extends QueueEntry {
  /** It was being started or ran; else it waited. */
  readonly begun: boolean;
  /** When its queue was lost, ISO 8601. */
  readonly lostAt: string;
}

export interface Recalled {
  /** In the order of their turn. */
  readonly entries: readonly RecalledEntry[];
  readonly ended: readonly EndedEntry[];
  readonly context?: OperationContext;
}

/**
 * What the queue of a cluster knew that was terminated, cancelled, timed out or reset before this one; empty when there
 * was none. Not to be cancelled: what was accepted must be known before anything is decided about it.
 * @returns undefined where it could not be read
 */
export const recall = (cluster: string): Promise<Recalled | undefined> =>
  CancellationScope.nonCancellable(async () => {
    const entries: RecalledEntry[] = [];
    const ended: EndedEntry[] = [];
    let context: OperationContext | undefined;
    try {
      // A run that was lost before it had read the one before it leaves that to be read as well; the newest comes first.
      let ofRun: RecalledEntry[] = [];
      for (let place: RecallPlace | undefined; ;) {
        const part = await titled(readingLostQueue.recallQueue, `recall the queue of ${cluster}`, {
          cluster,
          ...place,
        });
        if (part === null) break;
        const { memory, lostAt, next } = part;
        ofRun.push(...memory.entries.map((entry) => ({ ...entry, lostAt })));
        ended.unshift(...memory.ended);
        context ??= memory.context;
        if (next === null || next.from === 0) {
          entries.unshift(...ofRun);
          ofRun = [];
        }
        if (next === null) break;
        place = next;
      }
    } catch (error) {
      log.error('the queue before this one could not be read', { cluster, because: rootCause(error) });
      return undefined;
    }
    return { entries, ended, ...(context === undefined ? {} : { context }) };
  });
