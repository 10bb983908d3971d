import { CancellationScope, ParentClosePolicy, log, startChild } from '@temporalio/workflow';
import { names } from '../model/messages.js';
import type { OperationContext } from '../model/operation.js';
import type { OperationEvent } from '../model/notifications/operation-event.js';

type Told = Pick<OperationEvent, 'type' | 'blocked' | 'decision' | 'outcome' | 'summary'>;

/** Tells the webhooks that the specification names. A receiver that is down never holds up or fails an operation. */
export interface Announcer {
  announce(event: Told): void;
  /** Settles when the deliveries of everything announced have begun: before that their workflow must not end. */
  begun(): Promise<void>;
}

/** The operation that is told about. */
export type Announced = Pick<OperationEvent, 'operation' | 'cluster' | 'kind' | 'host' | 'by'> & {
  /** Names of the webhooks. */
  readonly notify: readonly string[];
};

/** @param by who asked for the operation */
export const announcedOf = ({ operation, cluster, kind, target, notify }: OperationContext, by: string): Announced => ({
  operation,
  cluster,
  kind,
  host: target.name,
  by,
  notify,
});

export const createAnnouncer = ({ notify, ...about }: Announced): Announcer => {
  const { operation } = about;
  let count = 0;
  const starts: Promise<unknown>[] = [];
  return {
    announce(event) {
      count += 1;
      const at = new Date().toISOString();
      // The time tells the events of a run that an operator reset from those of the run before.
      const id = `${operation}/${count}/${at}`;
      const told: OperationEvent = { id, at, ...about, ...event };
      for (const webhook of notify) {
        const start = CancellationScope.nonCancellable(() =>
          startChild(names.workflows.notification, {
            workflowId: `notify/${id}/${webhook}`,
            args: [webhook, told],
            parentClosePolicy: ParentClosePolicy.ABANDON,
            staticSummary: `tell ${webhook}: ${event.type} ${operation}`,
          }),
        );
        starts.push(start.catch((error: unknown) => log.warn('a notification could not be begun', { webhook, error })));
      }
    },
    begun: () =>
      CancellationScope.nonCancellable(async () => {
        await Promise.all(starts.splice(0));
      }),
  };
};
