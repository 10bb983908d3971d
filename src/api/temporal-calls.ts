import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { OperatorError, errorText } from '../model/operator-error.js';

/** gRPC status codes, https://grpc.io/docs/guides/status-codes/ */
const grpc = { cancelled: 1, deadlineExceeded: 4, notFound: 5, failedPrecondition: 9, unavailable: 14 } as const;

const grpcCode = (error: unknown): number | undefined => {
  const cause = error instanceof ServiceError ? (error.cause as { code?: unknown } | undefined) : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'number' ? code : undefined;
};

/**
 * What a failed call says about the world:
 * - `server-away`: no answer from the Temporal server; the call may or may not have been carried out
 * - `worker-away`: the server answers, but no worker does
 * - `undefined`: a definite answer
 */
export const outage = (error: unknown): 'server-away' | 'worker-away' | undefined => {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return 'worker-away';
  const code = grpcCode(error);
  if (code === grpc.unavailable) return 'server-away';
  if (code === grpc.deadlineExceeded || code === grpc.cancelled) return 'worker-away';
  // "no poller seen for task queue recently" and "workflow task in failed state".
  return code === grpc.failedPrecondition ? 'worker-away' : undefined;
};

/** Runs calls of a client with a deadline each, in milliseconds. */
export const within = <Result>(client: Client, ms: number, call: () => Promise<Result>): Promise<Result> =>
  client.withDeadline(Date.now() + ms, call);

export interface Patience {
  /** How long to keep asking, milliseconds. */
  readonly totalMs: number;
  /** Deadline of one call, milliseconds; default 10 000. */
  readonly callMs?: number;
  /** Told once when an answer is late, in words that follow "no answer yet:". */
  readonly onWaiting?: (why: string) => void;
}

const words = { 'server-away': 'the Temporal server does not answer', 'worker-away': 'no worker answers' } as const;

/**
 * Repeats a call that is safe to repeat (an update with the same id) until there is a definite answer: a call that timed
 * out may have been carried out, or may be later, so only the same id tells.
 *
 * @throws OperatorError (temporal-unreachable) when the patience is spent; everything definite is thrown as it came.
 */
export const persist = async <Result>(
  client: Client,
  what: string,
  { totalMs, callMs = 10_000, onWaiting }: Patience,
  call: () => Promise<Result>,
): Promise<Result> => {
  const end = Date.now() + totalMs;
  let told = false;
  for (let wait = 200; ; wait = Math.min(2 * wait, 3_000)) {
    try {
      return await within(client, Math.min(callMs, Math.max(end - Date.now(), 500)), call);
    } catch (error) {
      const why = outage(error);
      if (why === undefined) throw error;
      if (!told) onWaiting?.(words[why]);
      told = true;
      if (Date.now() + wait > end) {
        throw new OperatorError(
          'temporal-unreachable',
          `${what}: no answer within ${Math.round(totalMs / 1000)} s, because ${words[why]}. It may still be carried out.`,
          {
            evidence: [errorText(error)],
            remedy:
              why === 'server-away'
                ? 'Start the Temporal server (`quorate dev` for the local one) or correct TEMPORAL_ADDRESS, then ask again.'
                : 'Start a worker (`quorate worker`, or `quorate dev` for everything), then ask again.',
            cause: error,
          },
        );
      }
      await sleep(wait);
    }
  }
};

/** The refusal behind a failed update: its type and message as the workflow threw it. */
export const refusal = (error: unknown): { type: string; message: string } | undefined => {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) return { type: cause.type ?? 'Error', message: cause.message };
  return { type: 'Error', message: cause?.message ?? error.message };
};
