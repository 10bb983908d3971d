import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ActivityInterfaceFor, ActivityOptions } from '@temporalio/workflow';
import { failureTypes } from '../model/failures/failure.js';
import { failurePolicy } from '../model/failures/failure-policy.js';
import type { ProbeKind } from '../model/failures/failure-policy.js';
import { deliveryRetry } from '../model/notifications/notification-policy.js';
import type { OperationContext } from '../model/operation.js';
import type { Activities, OperationEnding } from '../activities/contract.js';

/** Activities themselves say when the next attempt comes (`retryDelayMs`), and which is the last one: this is the rest. */
const onFailure = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '15s',
  nonRetryableErrorTypes: failureTypes.filter((type) => failurePolicy(type).retry === 'never') as string[],
} as const;

/**
 * The only place where activity proxies are made: each waits for the activity to end when cancelled
 * (the SDK's default would let an undo race the command it undoes), and no proxy has a schedule-to-close
 * timeout, because it could not be extended while an operation is blocked.
 */
const proxy = (options: Omit<ActivityOptions, 'cancellationType' | 'scheduleToCloseTimeout'>) =>
  proxyActivities<Activities>({
    heartbeatTimeout: '20s',
    retry: onFailure,
    ...options,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });

/**
 * An attempt that its time ends is not tried again: it would be so without end, and nobody would be told. The operation
 * blocks instead, as after every loss of sight. An attempt whose worker has died ends by its heartbeat, and is tried again.
 */
const endsInTime = {
  ...onFailure,
  nonRetryableErrorTypes: [...onFailure.nonRetryableErrorTypes, 'TemporalTimeout:StartToClose'],
};

/** Reads and changes that end by themselves within minutes. */
export const bounded: ActivityInterfaceFor<Activities> = proxy({ startToCloseTimeout: '10m', retry: endsInTime });

/**
 * Snapshots of etcd, which take as long as they make progress: the activity itself gives up one that stands still. Hours are
 * for a database of many GiB on a slow disk.
 */
export const snapshotting: ActivityInterfaceFor<Activities> = proxy({ startToCloseTimeout: '6h', retry: endsInTime });

/** Watches a run to its end; one attempt after the other. */
export const watching: ActivityInterfaceFor<Activities> = proxy({ startToCloseTimeout: '60m' });

/** kubeadm's own worst case is about 30 minutes plus image pulls; two resets take 20. */
const longestCommandMs = 60 * 60_000;

/**
 * Commands in units on hosts, and proofs, which wait for as long as the budgets of the policy say. The server ends an
 * attempt only after all of them, so that the failure itself is told.
 */
export const budgeted = ({ policy }: OperationContext): ActivityInterfaceFor<Activities> =>
  proxy({
    startToCloseTimeout: longestCommandMs + policy.joinBudgetMs + 2 * policy.readyBudgetMs + policy.unreachableBudgetMs,
    retry: endsInTime,
  });

/** Deliveries to webhooks. */
export const notifying: ActivityInterfaceFor<Activities> = proxy({
  startToCloseTimeout: '30s',
  retry: {
    initialInterval: deliveryRetry.firstMs,
    backoffCoefficient: deliveryRetry.factor,
    maximumInterval: deliveryRetry.mostMs,
    maximumAttempts: deliveryRetry.attempts,
  },
});

/**
 * The probe of a blocked operation: an activity that fails until the cause is gone, so that waiting costs neither
 * history nor one of the worker's slots.
 * @param everyMs pause between the first attempts; later ones are up to four times as far apart
 */
export const probe = (
  context: OperationContext,
  { kind, host, everyMs }: { kind: ProbeKind; host: string | undefined; everyMs: number },
  summary: string,
): Promise<string> =>
  proxy({
    startToCloseTimeout: '60s',
    retry: { initialInterval: everyMs, backoffCoefficient: 1.5, maximumInterval: 4 * everyMs },
  }).probeCause.executeWithOptions({ summary }, [context, { kind, ...(host === undefined ? {} : { host }) }]);

/** An activity that fails until the run has ended, so that waiting costs neither history nor one of the worker's slots. */
export const pollEnding = (workflowId: string, runId: string, everyMs: number): Promise<OperationEnding> =>
  proxy({
    startToCloseTimeout: '60s',
    retry: { initialInterval: everyMs, backoffCoefficient: 1 },
  }).seeEnding.executeWithOptions({ summary: `see how ${workflowId} ended` }, [workflowId, runId]);

/**
 * Visibility that does not answer must not hold up a queue for long. No local activity: it would hold open the workflow
 * tasks that bring requests, and under load the SDK (1.24) loses track of it then and writes a history that no worker
 * can go on with.
 */
export const polling: ActivityInterfaceFor<Activities> = proxy({
  startToCloseTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 1, maximumAttempts: 3 },
});

/** A queue that cannot be recalled, as one of other code, must not hold up the next for ever. */
export const readingLostQueue: ActivityInterfaceFor<Activities> = proxy({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s', maximumAttempts: 6 },
});

/** Runs one activity with the step's title as its summary in the Temporal UI. */
export const titled = <Arguments extends unknown[], Result>(
  activity: {
    (...args: Arguments): Promise<Result>;
    executeWithOptions(options: ActivityOptions, args: Arguments): Promise<Result>;
  },
  summary: string,
  ...args: Arguments
): Promise<Result> => activity.executeWithOptions({ summary }, args);
