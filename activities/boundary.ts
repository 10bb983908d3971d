import { CancelledFailure, Context, activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { QuorateError, failureClasses } from '../model/failures/failure.js';
import { budgetMs, retryDelayMs } from '../model/failures/failure-policy.js';
import type { OperationContext } from '../model/operation.js';

const heartbeatEveryMs = 2_000;

/** Without a context there is no policy to ask: readings for a person who waits. */
const budgetWithoutPolicyMs = 60_000;

const toApplicationFailure = (error: unknown, context: OperationContext | undefined): unknown => {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (cancellationSignal().aborted) return new CancelledFailure('CANCELLED');
  if (!(error instanceof QuorateError)) {
    // A mistake in our own code: retrying it for ever would hide it, so it is shown and the operation blocks.
    return ApplicationFailure.create({
      type: 'CommandFailed',
      message: error instanceof Error ? error.message : String(error),
      nonRetryable: true,
      details: [
        { remedy: 'this is a defect of Quorate: report it with the stack trace of the activity', evidence: [] },
      ],
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }
  // Since the first attempt: the budget spans the retries, worker restarts included.
  const spentMs = Date.now() - activityInfo().scheduledTimestampMs;
  const budget = context === undefined ? budgetWithoutPolicyMs : budgetMs(error.type, context);
  const delayMs = retryDelayMs(error.type, activityInfo().attempt);
  const retry = delayMs !== undefined && spentMs < budget;
  return ApplicationFailure.create({
    type: error.type,
    message: error.message,
    nonRetryable: !retry,
    ...(retry ? { nextRetryDelay: delayMs } : {}),
    details: [error.details],
    ...(failureClasses[error.type] === 'not-ready-yet' ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
};

/** What the attempt before this one last reported, or undefined. */
export const previousHeartbeat = (): unknown => activityInfo().heartbeatDetails as unknown;

/** Whether an attempt before this one came as far as to report something. */
const hasReported = (): boolean => previousHeartbeat() !== undefined && previousHeartbeat() !== null;

/** Sets what the periodic heartbeat of the running activity carries from now on, and sends it at once. */
export const report = (details: Record<string, string | number | boolean>): void => {
  current.set(Context.current(), details);
  heartbeat(details);
};

const current = new WeakMap<Context, Record<string, string | number | boolean>>();

/**
 * The treatment that every activity gets: heartbeats (which also bring cancellation), and errors turned into
 * failures of the closed list, retried in place only while the budget of their class lasts.
 */
export const guarded =
  <Arguments extends unknown[], Result>(activity: (...args: Arguments) => Promise<Result>) =>
  async (...args: Arguments): Promise<Result> => {
    const activityContext = Context.current();
    if (hasReported()) current.set(activityContext, previousHeartbeat() as Record<string, string>);
    const timer = setInterval(() => activityContext.heartbeat(current.get(activityContext)), heartbeatEveryMs);
    try {
      return await activity(...args);
    } catch (error) {
      const [first] = args as unknown[];
      const context =
        typeof first === 'object' && first !== null && 'policy' in first ? (first as OperationContext) : undefined;
      throw toApplicationFailure(error, context);
    } finally {
      clearInterval(timer);
    }
  };
