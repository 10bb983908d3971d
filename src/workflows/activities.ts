import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ActivityInterfaceFor, ActivityOptions } from '@temporalio/workflow';
import { failureTypes, isRetriedInPlace } from '../model/failure.js';
import type { Activities } from '../activities/contract.js';

/**
 * The only place where activity proxies are made: each waits for the activity to end when cancelled
 * (the SDK's default would let an undo race the command it undoes), and no proxy has a schedule-to-close
 * timeout, because it could not be extended while an operation is blocked.
 */
const proxy = (options: Omit<ActivityOptions, 'cancellationType' | 'scheduleToCloseTimeout'>) =>
  proxyActivities<Activities>({
    heartbeatTimeout: '20s',
    retry: {
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: '15s',
      nonRetryableErrorTypes: failureTypes.filter((type) => !isRetriedInPlace(type)),
    },
    ...options,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });

/** Reads and changes that end by themselves within minutes. */
export const short: ActivityInterfaceFor<Activities> = proxy({ startToCloseTimeout: '10m' });

/** Commands in units on hosts; kubeadm's own worst case is about 30 minutes plus image pulls. */
export const long: ActivityInterfaceFor<Activities> = proxy({ startToCloseTimeout: '60m' });

/** Runs one activity with the step's title as its summary in the Temporal UI. */
export const titled = <Arguments extends unknown[], Result>(
  activity: {
    (...args: Arguments): Promise<Result>;
    executeWithOptions(options: ActivityOptions, args: Arguments): Promise<Result>;
  },
  summary: string,
  ...args: Arguments
): Promise<Result> => activity.executeWithOptions({ summary }, args);
