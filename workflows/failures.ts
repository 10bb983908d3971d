import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import type { FailureDetails, FailureType } from '../model/failures/failure.js';
import type { ProbeKind } from '../model/failures/failure-policy.js';
import { QuorateError, failureClasses, isFailureType } from '../model/failures/failure.js';

export interface Failure {
  readonly type: FailureType;
  readonly message: string;
  readonly details: FailureDetails;
  /** Sight was lost of what the step began: it may still go on on the host, so a retry attaches to it. */
  readonly lostSight?: boolean;
  /** Tells that its cause is gone; default that of its type. */
  readonly probe?: ProbeKind | undefined;
}

/** Thrown by a step that may go on once an operator approves; carries what is to be approved. */
export class ApprovalNeeded extends Error {
  override readonly name = 'ApprovalNeeded';
  /** @param subject identifies what is approved: something else needs an approval of its own */
  constructor(
    readonly failure: Failure,
    readonly subject: string,
  ) {
    super(failure.message);
  }
}

const fromApplicationFailure = (failure: ApplicationFailure): Failure => {
  const details = failure.details?.[0] as Partial<FailureDetails> | undefined;
  const type = isFailureType(failure.type) ? failure.type : 'CommandFailed';
  return {
    type,
    lostSight: failureClasses[type] === 'transient',
    message: failure.message,
    details: {
      ...(details?.host === undefined ? {} : { host: details.host }),
      remedy: details?.remedy ?? 'look at the failed activity in the Temporal UI, mend the cause, then retry',
      evidence: details?.evidence ?? [],
    },
  };
};

/** The typed failure behind an error of a step; undefined for an error of the workflow's own code, which must not be swallowed. */
export const failureOf = (error: unknown): Failure | undefined => {
  if (error instanceof QuorateError) return { type: error.type, message: error.message, details: error.details };
  if (error instanceof ApplicationFailure) return fromApplicationFailure(error);
  if (!(error instanceof ActivityFailure)) return undefined;
  if (error.cause instanceof ApplicationFailure) return fromApplicationFailure(error.cause);
  const timedOut = error.cause instanceof TimeoutFailure;
  return {
    type: timedOut ? 'Unreachable' : 'CommandFailed',
    lostSight: timedOut,
    message: timedOut
      ? `the activity ${error.activityType} did not end in time`
      : `the activity ${error.activityType} failed: ${error.cause?.message ?? error.message}`,
    details: { remedy: 'see that a worker runs and reaches the hosts, then retry', evidence: [] },
  };
};
