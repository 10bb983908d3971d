import type { ActivityOptions } from '@temporalio/workflow';
import type { OperationContext } from '../../../model/operation.js';
import { budgeted, bounded } from '../../../workflows/activity-proxies.js';
import { failureOf } from '../../../workflows/failures.js';
import type { Failure } from '../../../workflows/failures.js';

const inASecond: ActivityOptions = { startToCloseTimeout: '1s' };

/** Activities of the product with a second for each attempt. @returns how each failed */
export const hasty = async (context: OperationContext): Promise<(Failure | undefined)[]> => {
  const ends = [
    budgeted(context).proveWorker.executeWithOptions(inASecond, [context]),
    bounded.readHost.executeWithOptions(inASecond, [context]),
  ].map((end: Promise<unknown>) => end.then(() => undefined, failureOf));
  return Promise.all(ends);
};
