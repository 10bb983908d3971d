import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import pLimit from 'p-limit';
import { names, type Decision } from '../../model/messages.js';
import { errorText } from '../../model/failures/operator-error.js';
import type { RetryFilter, RetryReport } from './client.js';
import { decisionUpdateId } from './decide.js';
import { allExecutions, executionQuery } from './executions.js';
import type { OperationSummary } from './operation-summary.js';
import { isNotFound, outageOf, refusal, resendUnprocessed, within } from './temporal-calls.js';

export interface RetryOptions {
  readonly by: string;
  readonly reason: string;
  /** Only reports which ones would be retried. */
  readonly dryRun: boolean;
  /** When none has answered for so long, the rest is not asked, milliseconds; default 20 000, as a killed worker costs ten seconds. */
  readonly silenceMs?: number;
  /** How long a single one may take while others answer, milliseconds; default 60 000. */
  readonly answerMs?: number;
  /** How long all of it may take, milliseconds; default 100 000: whoever asks over HTTP waits for two minutes. */
  readonly totalMs?: number;
}

/** More in parallel was measured to be no faster: a worker runs ten workflow tasks at a time, and tasks that wait long are queued again. */
const atATime = 20;

/** Up to so many resume at once; more are spread out, so that a thousand that resume together do not overload their hosts. */
const goOnAtOnce = 20;

/** When each of many resumes, milliseconds: after all have accepted (two cores take a second for 30), then 20 a second. */
export const afterMsOf = (index: number, count: number): number =>
  count <= goOnAtOnce ? 0 : Math.ceil(count / 30 + index / 20) * 1_000;

const timeIsUp = 'time was up';

/**
 * Sends one decision and waits until it is accepted, which makes it durable; it does not wait for the outcome.
 *
 * @throws WorkflowUpdateFailedError when it is refused.
 */
const sendDecision = async (
  client: Client,
  { operation, workflowId, runId, blockedSince }: OperationSummary,
  decision: Decision,
): Promise<void> => {
  const update = await client.workflow
    .getHandle(workflowId, runId)
    .startUpdate<unknown, [Decision]>(names.updates.decide, {
      args: [decision],
      updateId: decisionUpdateId(operation, blockedSince, decision.action),
      waitForStage: 'ACCEPTED',
    });
  // A refusal came with this very answer; a result that did not is hardly waited for.
  await Promise.race([update.result(), sleep(20, undefined, { ref: false })]);
};

/**
 * Sends the decision `retry` to every blocked operation that matches, those that wait longest first. Safe to repeat, as
 * the block is part of the update's id. A refusal does not stop the others.
 *
 * @throws ServiceError when the Temporal server does not answer before anything was sent.
 */
export const retryOperations = async (
  client: Client,
  filter: RetryFilter,
  { by, reason, dryRun, silenceMs = 20_000, answerMs = 60_000, totalMs = 100_000 }: RetryOptions,
): Promise<RetryReport> => {
  const found = await allExecutions(client, executionQuery({ ...filter, blocked: true }));
  const blocked = found.toSorted((a, b) => ((a.blockedSince ?? '') < (b.blockedSince ?? '') ? -1 : 1));
  const end = performance.now() + totalMs;
  let answeredAt = performance.now();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const watch = setInterval(() => {
    if (performance.now() - answeredAt >= silenceMs) stop.abort('nobody answered those before it');
    else if (performance.now() >= end) stop.abort(timeIsUp);
  }, 200);

  /** @returns why it was not retried, if it was not. */
  const retry = async (summary: OperationSummary, afterMs: number): Promise<string | undefined> => {
    if (stop.signal.aborted) return `not sent, as ${stop.signal.reason}`;
    try {
      await within(client, answerMs, () =>
        client.withAbortSignal(stop.signal, () =>
          resendUnprocessed(() =>
            sendDecision(client, summary, {
              action: 'retry',
              by,
              reason,
              // By the time it arrives the operation may have another question.
              ...(summary.blockedQuestion === undefined ? {} : { about: summary.blockedQuestion }),
              ...(afterMs === 0 ? {} : { afterMs }),
            }),
          ),
        ),
      );
      answeredAt = performance.now();
      return undefined;
    } catch (error) {
      const refused = refusal(error);
      const outage = refused === undefined ? await outageOf(client, error) : undefined;
      if (outage !== undefined) {
        const why = stop.signal.reason === timeIsUp ? 'no answer in time' : `no answer, as ${outage}`;
        return `${why}; it may still be carried out, and repeating it is safe`;
      }
      answeredAt = performance.now();
      if (refused?.type === 'NotBlocked') return 'it went on meanwhile';
      if (isNotFound(error)) return 'it has ended meanwhile';
      return refused?.message ?? errorText(error);
    }
  };

  const report: RetryReport = { dryRun, accepted: [], refused: [] };
  const results = await pLimit(atATime)
    .map(blocked, async (summary, index) => ({
      operation: summary.operation,
      blockedReason: summary.blockedReason ?? '',
      because: dryRun ? undefined : await retry(summary, afterMsOf(index, blocked.length)),
    }))
    .finally(() => clearInterval(watch));
  for (const { because, ...one } of results) {
    if (because === undefined) report.accepted.push(one);
    else report.refused.push({ ...one, because });
  }
  return report;
};
