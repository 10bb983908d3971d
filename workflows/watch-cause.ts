import { CancellationScope, isCancellation, log, sleep } from '@temporalio/workflow';
import { failurePolicy, probeKinds } from '../model/failures/failure-policy.js';
import type { ProbeKind } from '../model/failures/failure-policy.js';
import type { OperationContext } from '../model/operation.js';
import { probe } from './activity-proxies.js';
import type { Failure } from './failures.js';

/** A cause that comes and goes must not fill the history, of which an operation has only so much. */
const resumesByItself = 10;

/** Looks, on a timer, whether what blocks an operation is gone. */
export interface Watcher {
  /** What it would look at, in words; undefined where only a person can tell, or the policy wants one to. */
  watches(failure: Failure): string | undefined;
  /**
   * @param gone what was seen; answers whether the operation goes on because of it
   * @returns a function that ends the watch; a probe that is under way may still answer
   */
  watch(failure: Failure, gone: (seen: string) => boolean): () => void;
}

/** @param context the operation's context as it is now */
export const createWatcher = (context: () => OperationContext): Watcher => {
  let resumed = 0;
  const kindOf = ({ type, probe: own }: Failure): ProbeKind | undefined =>
    context().policy.resumeWhenHealthy && resumed < resumesByItself ? (own ?? failurePolicy(type).probe) : undefined;
  return {
    watches: (failure) => {
      const kind = kindOf(failure);
      return kind === undefined ? undefined : probeKinds[kind];
    },
    watch: (failure, gone) => {
      const kind = kindOf(failure);
      if (kind === undefined) return () => {};
      const scope = new CancellationScope();
      const look = async (): Promise<void> => {
        try {
          const seen = await scope.run(async () => {
            // What went on by itself and came back is looked at less and less often.
            const everyMs = context().policy.probeEveryMs * 2 ** resumed;
            if (resumed > 0) await sleep(everyMs, { summary: `before it is seen ${probeKinds[kind]}` });
            return probe(context(), { kind, host: failure.details.host, everyMs }, `see ${probeKinds[kind]}`);
          });
          if (gone(seen)) resumed += 1;
        } catch (error) {
          // The operation waits for a decision as it would without a watch.
          if (!isCancellation(error)) log.warn('the probe of a blocked operation failed', { error });
        }
      };
      void look();
      return () => scope.cancel();
    },
  };
};
