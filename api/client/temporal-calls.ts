import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  ServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError } from '@temporalio/common';
import { z } from 'zod';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { makeRoom, roomText } from '../../model/full-disk.js';
import { fullDiskBehind } from './server-disk.js';

/** gRPC status codes, https://grpc.io/docs/guides/status-codes/ */
const grpc = { cancelled: 1, deadlineExceeded: 4, notFound: 5, failedPrecondition: 9, unavailable: 14 } as const;

const grpcCode = (error: unknown): number | undefined => {
  const cause = error instanceof ServiceError ? (error.cause as { code?: unknown } | undefined) : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'number' ? code : undefined;
};

export const Outage = z.enum([
  'the Temporal server does not answer',
  // It still answers what it need not write.
  'the disk of the Temporal server is full',
  'no worker answers',
  // Its history and the worker's code do not fit; the server then refuses updates and queries.
  'the worker fails at its workflow',
  // Where operations are asked for over the HTTP API.
  'the Quorate server does not answer',
]);
export type Outage = z.infer<typeof Outage>;

/**
 * Asks a workflow something that changes nothing, again when the first question got no answer within 2 s: a worker may
 * lose the one that arrives in the moment in which the workflow ends.
 *
 * @param ms how long the second one may take, milliseconds.
 */
export const queryWithRetry = async <Result>(
  client: Pick<Client, 'withDeadline'>,
  ms: number,
  ask: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await within(client, Math.min(ms, 2_000), ask);
  } catch (error) {
    const code = grpcCode(error);
    if (code !== grpc.deadlineExceeded && code !== grpc.cancelled) throw error;
    return within(client, ms, ask);
  }
};

/** The client wraps what the server or the transport said. */
const reasonOf = (error: unknown): unknown => (error instanceof ServiceError ? (error.cause ?? error) : error);

/** Whether a call failed because it was not answered: it may or may not have been carried out. */
const unanswered = (error: unknown): boolean => {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const code = grpcCode(error);
  // FAILED_PRECONDITION: "no poller seen for task queue recently".
  return (
    code === grpc.unavailable ||
    code === grpc.deadlineExceeded ||
    code === grpc.cancelled ||
    code === grpc.failedPrecondition
  );
};

/** What the server says of an update or a query once two workflow tasks of that workflow in a row have failed. */
const isFailing = (error: unknown): boolean => /Workflow Task in failed state/.test(errorText(reasonOf(error)));

/**
 * Who did not answer a failed call; undefined when there was a definite answer. The client's own retries turn an absent
 * server into a deadline that passed, as an absent worker does: so the server itself is asked.
 */
export const outageOf = async (client: Client, error: unknown): Promise<Outage | undefined> => {
  if (!unanswered(error)) return undefined;
  try {
    await within(client, 1_500, () => client.workflowService.getSystemInfo({}));
    if (fullDiskBehind(client) !== undefined) return 'the disk of the Temporal server is full';
    return isFailing(error) ? 'the worker fails at its workflow' : 'no worker answers';
  } catch {
    return 'the Temporal server does not answer';
  }
};

/** Runs calls of a client with a deadline each, in milliseconds. */
export const within = <Result>(
  client: Pick<Client, 'withDeadline'>,
  ms: number,
  call: () => Promise<Result>,
): Promise<Result> => client.withDeadline(Date.now() + ms, call);

const remedies: Partial<Record<Outage, string>> = {
  'the Temporal server does not answer':
    'Start the Temporal server (`quorate dev` for the local one) or correct TEMPORAL_ADDRESS, then ask again.',
  'the disk of the Temporal server is full':
    'There is room again: ask again. The server and its operations go on by themselves.',
  'the worker fails at its workflow':
    'See why in the last WorkflowTaskFailed event of the workflow in the Temporal UI. Where the code of the worker does not fit, start a worker of the version that began it (docs/versioning.md). A queue (`cluster/<name>`) may be terminated: the next request begins it again; ask again for what waited in it.',
};

const unreachable = (client: Client, message: string, why: Outage, cause: unknown): OperatorError => {
  const evidence = [errorText(reasonOf(cause))];
  const disk = why === 'the disk of the Temporal server is full' ? fullDiskBehind(client) : undefined;
  if (disk !== undefined) {
    return new OperatorError('temporal-unreachable', message, {
      evidence: [roomText(disk), ...evidence],
      remedy: `${makeRoom(disk)}, then ask again: the server and its operations go on by themselves.`,
      cause,
    });
  }
  return new OperatorError('temporal-unreachable', message, {
    evidence,
    remedy: remedies[why] ?? 'Start a worker (`quorate worker`, or `quorate dev` for everything), then ask again.',
    cause,
  });
};

/** The refusal behind a failed update: its type and message as the workflow threw it. */
export const refusal = (error: unknown): { type: string; message: string } | undefined => {
  if (!(error instanceof WorkflowUpdateFailedError)) return undefined;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) return { type: cause.type ?? 'Error', message: cause.message };
  return { type: 'Error', message: cause?.message ?? error.message };
};

/**
 * Sends an update again that a worker passed over: under load the server may hand a worker a workflow task with an
 * update and get it back without an answer to it. Then the server refuses the update itself ("wasn't processed by
 * worker"), nothing of it was carried out, and its id may be used again.
 *
 * @throws what the update was refused with, also when it was passed over five times.
 */
export const resendUnprocessed = async <Result>(send: () => Promise<Result>): Promise<Result> => {
  for (let left = 4; ; left -= 1) {
    try {
      return await send();
    } catch (error) {
      if (left === 0 || refusal(error)?.type !== 'UnprocessedUpdate') throw error;
      await sleep(200);
    }
  }
};

export interface Patience {
  /** How long to keep asking, milliseconds. */
  readonly totalMs: number;
  /** Deadline of one call, milliseconds; default 10 000. */
  readonly callMs?: number;
  /** Told once when an answer is late, in words that follow "no answer yet:". */
  readonly onWaiting?: (why: string) => void;
}

/**
 * Repeats a call that is safe to repeat (an update with the same id) until there is a definite answer: a call that timed
 * out may have been carried out, or may be later, so only the same id tells.
 *
 * @throws OperatorError (temporal-unreachable) when the patience is spent; everything definite is thrown as it came.
 */
export const callUntilAnswered = async <Result>(
  client: Client,
  what: string,
  { totalMs, callMs = 10_000, onWaiting }: Patience,
  call: () => Promise<Result>,
): Promise<Result> => {
  const end = performance.now() + totalMs;
  let told = false;
  for (let wait = 200; ; wait = Math.min(2 * wait, 3_000)) {
    try {
      return await within(client, Math.min(callMs, Math.max(end - performance.now(), 500)), () =>
        resendUnprocessed(call),
      );
    } catch (error) {
      const why = await outageOf(client, error);
      if (why === undefined) throw error;
      if (!told) onWaiting?.(why);
      told = true;
      if (performance.now() + wait > end) {
        const message = `${what}: no answer within ${Math.round(totalMs / 1000)} s, because ${why}. It may still be carried out.`;
        throw unreachable(client, message, why, error);
      }
      await sleep(wait);
    }
  }
};

/** No such workflow, or no such run of it. */
export const isNotFound = (error: unknown): boolean => error instanceof Error && error.name === 'WorkflowNotFoundError';

/**
 * Runs what is not asked again and again: a call that was not answered, or that the server refused, in words for who
 * asked.
 *
 * @param what such as "listing operations"
 * @throws OperatorError (temporal-unreachable, not-found, failed); what is none of Temporal's as it came.
 */
export const callOnce = async <Result>(client: Client, what: string, call: () => Promise<Result>): Promise<Result> => {
  try {
    return await call();
  } catch (error) {
    const why = await outageOf(client, error);
    if (why !== undefined) throw unreachable(client, `${what}: ${why}.`, why, error);
    if (isNotFound(error)) {
      throw new OperatorError('not-found', `${what}: Temporal does not know it any more.`, {
        evidence: [errorText(error)],
        remedy: 'Operations that have ended are kept for as long as the retention of the namespace says.',
        cause: error,
      });
    }
    if (grpcCode(error) === undefined && !(error instanceof NamespaceNotFoundError)) throw error;
    throw new OperatorError('failed', `${what}: the Temporal server refused it: ${errorText(reasonOf(error))}`, {
      remedy: 'Correct what it names: the namespace (TEMPORAL_NAMESPACE), the credentials, or the rights they give.',
      cause: error,
    });
  }
};
