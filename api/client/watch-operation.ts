import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { hasEnded, summaryOf, type OperationSummary } from './operation-summary.js';
import { viewOperation, type OperationView } from './operation-view.js';
import { outageOf, within } from './temporal-calls.js';

export interface WatchOptions {
  /** Polling interval, milliseconds; default and minimum 500. */
  readonly intervalMs?: number;
  /** Ends the watch, not the operation. */
  readonly signal?: AbortSignal;
}

/** How long to wait for the final report of an operation that has ended, before its end is shown without it. */
const endPatienceMs = 15_000;

/** Waits; an abort ends it early. */
const pause = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    // The caller checks the signal next.
  }
};

/** After a reset in Temporal the operation goes on in another run of the same workflow. */
const runAfterReset = async (client: Client, ended: OperationSummary): Promise<OperationSummary | undefined> => {
  if (ended.state !== 'terminated') return undefined;
  const current = await within(client, 5_000, () => client.workflow.getHandle(ended.workflowId).describe());
  const summary = summaryOf(current);
  return summary?.operation === ended.operation && summary.runId !== ended.runId ? summary : undefined;
};

/** Resolves as soon as a run has ended, without polling; never when the call fails. */
const endOf = (client: Client, { workflowId, runId }: OperationSummary): Promise<void> =>
  new Promise((resolve) => {
    if (runId === undefined) return;
    client.workflow
      .getHandle(workflowId, runId)
      .result()
      .then(
        () => resolve(),
        (error: unknown) => {
          if (error instanceof WorkflowFailedError) resolve();
        },
      );
  });

/**
 * Polls an operation until it has ended and yields each change. A server or worker that does not answer is part of the
 * view (`outage`), never an error: the operation itself goes on.
 *
 * @throws anything that is not an outage, such as an unknown workflow.
 */
export async function* watchOperation(
  client: Client,
  operation: OperationSummary,
  { intervalMs = 500, signal }: WatchOptions = {},
): AsyncGenerator<OperationView, void, void> {
  const interval = Math.max(intervalMs, 500);
  let current = operation;
  let last: OperationView = { summary: operation };
  let shown = '';
  let endedAt: number | undefined;
  let end: { runId: string; reached: Promise<void> } | undefined;
  while (signal?.aborted !== true) {
    let view: OperationView;
    try {
      view = await viewOperation(client, current);
      const next = await runAfterReset(client, view.summary);
      if (next !== undefined) view = await viewOperation(client, next);
    } catch (error) {
      const outage = await outageOf(client, error);
      if (outage === undefined) throw error;
      view = { ...last, outage };
    }
    current = view.summary;
    endedAt = hasEnded(current.state) ? (endedAt ?? performance.now()) : undefined;
    if (endedAt !== undefined && view.outage !== undefined && performance.now() - endedAt < endPatienceMs) {
      await pause(interval, signal);
      continue;
    }
    // Without a worker there is no progress to read: show what was seen last.
    if (view.progress === undefined && last.progress !== undefined && view.outage !== undefined) {
      view = { ...view, progress: last.progress };
    }
    const text = JSON.stringify(view);
    if (text !== shown) yield view;
    shown = text;
    last = view;
    if (endedAt !== undefined) return;
    const { runId } = current;
    // Set up again after an outage, in which the call that waited for the end may have failed.
    if (runId !== undefined && (end?.runId !== runId || view.outage !== undefined)) {
      end = { runId, reached: endOf(client, current) };
    }
    await Promise.race([pause(interval, signal), ...(end === undefined ? [] : [end.reached])]);
  }
}
