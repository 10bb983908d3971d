import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { errorText } from '../model/operator-error.js';
import { hasEnded, summaryOf, type OperationSummary } from './operation-summary.js';
import { viewOperation, type OperationView } from './operation-view.js';
import { outage, within } from './temporal-calls.js';

export interface WatchOptions {
  /** Time between two looks, milliseconds; default 1 000, at least 500. */
  readonly intervalMs?: number;
  /** Ends the watch, not the operation. */
  readonly signal?: AbortSignal;
}

/** After an operator's reset the operation goes on in another run of the same workflow. */
const runAfterReset = async (client: Client, ended: OperationSummary): Promise<OperationSummary | undefined> => {
  if (ended.state !== 'terminated') return undefined;
  const current = await within(client, 5_000, () => client.workflow.getHandle(ended.workflowId).describe());
  const summary = summaryOf(current);
  return summary?.operation === ended.operation && summary.runId !== ended.runId ? summary : undefined;
};

/**
 * Looks at an operation until it has ended and yields whatever changed. A server or worker that does not answer is
 * part of what is yielded (`outage`), never an error: the operation itself goes on.
 *
 * @throws what is neither an outage nor an end, such as an unknown workflow.
 */
export async function* watchOperation(
  client: Client,
  operation: OperationSummary,
  { intervalMs = 1_000, signal }: WatchOptions = {},
): AsyncGenerator<OperationView, void, void> {
  const interval = Math.max(intervalMs, 500);
  let current = operation;
  let last: OperationView = { summary: operation };
  let shown = '';
  while (signal?.aborted !== true) {
    let view: OperationView;
    try {
      view = await viewOperation(client, current);
      const next = await runAfterReset(client, view.summary);
      if (next !== undefined) view = await viewOperation(client, next);
    } catch (error) {
      const why = outage(error);
      if (why === undefined) throw error;
      const text = why === 'server-away' ? 'the Temporal server does not answer' : 'no worker answers';
      view = { ...last, outage: text };
    }
    // Without a worker there is no progress to read: what was seen last is still the best there is.
    if (view.progress === undefined && last.progress !== undefined && view.outage !== undefined) {
      view = { ...view, progress: last.progress };
    }
    const text = JSON.stringify(view);
    if (text !== shown) yield view;
    shown = text;
    last = view;
    current = view.summary;
    if (hasEnded(current.state)) return;
    await sleep(interval, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      if (signal?.aborted !== true) throw new Error(errorText(error));
    });
  }
}
