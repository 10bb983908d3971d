import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { z } from 'zod';
import { names } from '../model/messages.js';
import { OperationProgress } from '../model/progress.js';
import { readQueue } from './find-operations.js';
import { hasEnded, queuedOperations, summaryOf, type OperationSummary } from './operation-summary.js';
import { outageOf, within, type Outage } from './temporal-calls.js';

/** What the worker does for an operation right now. */
interface ActivityView {
  readonly type: string;
  /** 1 at first. */
  readonly attempt: number;
  /** What the host printed last. */
  readonly lastLine?: string;
  /** Why the attempt before this one failed. */
  readonly lastFailure?: string;
  /** When the next attempt begins, while none runs; ISO 8601. */
  readonly nextAttemptAt?: string;
}

/** Everything to be shown about one operation. */
export interface OperationView {
  readonly summary: OperationSummary;
  /** Absent while it waits, and while no worker answers. */
  readonly progress?: OperationProgress;
  readonly activity?: ActivityView;
  /** What keeps us from seeing more; the operation itself is not affected. */
  readonly outage?: Outage;
}

const Heartbeat = z.object({ lastLine: z.string().min(1) });

const timeOf = (value: { seconds?: unknown; nanos?: number | null } | null | undefined): string | undefined =>
  value?.seconds === undefined || value.seconds === null
    ? undefined
    : new Date(Number(value.seconds) * 1000).toISOString();

const activityOf = (description: WorkflowExecutionDescription): ActivityView | undefined => {
  const pending = description.raw.pendingActivities?.[0];
  if (pending === undefined) return undefined;
  const payload = pending.heartbeatDetails?.payloads?.[0];
  let lastLine: string | undefined;
  try {
    lastLine = payload ? Heartbeat.parse(defaultPayloadConverter.fromPayload(payload)).lastLine : undefined;
  } catch {
    // Heartbeats of other activities carry other things.
  }
  const lastFailure = pending.lastFailure?.message;
  const nextAttemptAt = timeOf(pending.nextAttemptScheduleTime);
  return {
    type: pending.activityType?.name ?? '',
    attempt: pending.attempt ?? 1,
    ...(lastLine === undefined ? {} : { lastLine }),
    ...(lastFailure === undefined || lastFailure === null || lastFailure === '' ? {} : { lastFailure }),
    ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
  };
};

const viewWaiting = async (client: Client, summary: OperationSummary): Promise<OperationView> => {
  const queue = await within(client, 5_000, () => readQueue(client, summary.cluster));
  const queued = queue && queuedOperations(queue).find(({ operation }) => operation === summary.operation);
  if (queued !== undefined) return { summary: queued };
  const running = queue?.running.find(({ operation }) => operation === summary.operation);
  const ended = queue?.ended.find(({ operation }) => operation === summary.operation);
  const { workflowId, runId } = running ?? ended ?? {};
  if (workflowId === undefined || runId === undefined) return { summary };
  return viewStarted(client, { ...summary, workflowId, runId });
};

const viewStarted = async (client: Client, known: OperationSummary): Promise<OperationView> => {
  const handle = client.workflow.getHandle(known.workflowId, known.runId);
  const description = await within(client, 5_000, () => handle.describe());
  const summary = summaryOf(description) ?? known;
  const activity = hasEnded(summary.state) ? undefined : activityOf(description);
  const view = { summary, ...(activity === undefined ? {} : { activity }) };
  try {
    const progress = OperationProgress.parse(
      await within(client, 5_000, () => handle.query<unknown>(names.queries.progress)),
    );
    // The run's own status says whether it has ended; what it says about itself is newer than its search attributes.
    const ended = summary.state === 'terminated' ? summary.state : (progress.outcome ?? summary.state);
    const state = hasEnded(summary.state) ? ended : progress.blocked === undefined ? 'running' : 'blocked';
    return { ...view, summary: { ...summary, state }, progress };
  } catch (error) {
    const outage = await outageOf(client, error);
    if (outage === undefined) throw error;
    return { ...view, outage };
  }
};

/**
 * Reads one operation: where it is, what its worker does, what it waits for.
 *
 * @throws ServiceError when the Temporal server does not answer.
 */
export const viewOperation = (client: Client, summary: OperationSummary): Promise<OperationView> =>
  summary.runId === undefined ? viewWaiting(client, summary) : viewStarted(client, summary);
