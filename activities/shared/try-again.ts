import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { errorText } from '../../model/failures/operator-error.js';

/** Makes every failed call to the Temporal server retryable: the server may be unavailable for a while. */
export const orTryAgain = async <Result>(what: string, ask: () => Promise<Result>): Promise<Result> => {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
    throw ApplicationFailure.create({
      type: 'NoAnswer',
      message: `${what}: ${errorText(error)}`,
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }
};
