import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { hasEnded, summaryOf, type OperationSummary } from './operation-summary.js';
import { viewOperation, type OperationView } from './operation-view.js';
import { outageOf, within } from './temporal-calls.js';

export interface WatchOptions {
  /** Time between two looks, milliseconds; default 500, which is also the least. */
  readonly intervalMs?: number;
  /** Ends the watch, not the operation. */
  readonly signal?: AbortSignal;
}

/** What an operation says of its end is worth a wait; longer without an answer, the end is told without it. */
const endPatienceMs = 15_000;

/** Waits; an abort ends it early. */
const pause = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    // Whoever waits looks at the signal next.
  }
};

/** After an operator's reset the operation goes on in another run of the same workflow. */
const runAfterReset = async (client: Client, ended: OperationSummary): Promise<OperationSummary | undefined> => {
  if (ended.state !== 'terminated') return undefined;
  const current = await within(client, 5_000, () => client.workflow.getHandle(ended.workflowId).describe());
  const summary = summaryOf(current);
  return summary?.operation === ended.operation && summary.runId !== ended.runId ? summary : undefined;
};

/** Settles as soon as a run has ended, without being asked again and again; a failed call settles nothing. */
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
 * Looks at an operation until it has ended and yields whatever changed. A server or worker that does not answer is
 * part of what is yielded (`outage`), never an error: the operation itself goes on.
 *
 * @throws what is neither an outage nor an end, such as an unknown workflow.
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
    // Without a worker there is no progress to read: what was seen last is still the best there is.
    if (view.progress === undefined && last.progress !== undefined && view.outage !== undefined) {
      view = { ...view, progress: last.progress };
    }
    const text = JSON.stringify(view);
    if (text !== shown) yield view;
    shown = text;
    last = view;
    if (endedAt !== undefined) return;
    const { runId } = current;
    // Armed again after an outage: the call that waited for the end may have failed in it.
    if (runId !== undefined && (end?.runId !== runId || view.outage !== undefined)) {
      end = { runId, reached: endOf(client, current) };
    }
    await Promise.race([pause(interval, signal), ...(end === undefined ? [] : [end.reached])]);
  }
}
