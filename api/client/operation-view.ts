import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { z } from 'zod';
import { names } from '../../model/messages.js';
import { OperationProgress } from '../../model/progress.js';
import { hasEnded, OperationSummary, queuedOperations, summaryOf } from './operation-summary.js';
import { readQueue } from './queues.js';
import { queryWithRetry, Outage, outageOf, within } from './temporal-calls.js';

/** What the worker does for an operation right now. */
const ActivityView = z.object({
  type: z.string(),
  /** 1 at first. */
  attempt: z.number().int(),
  /** What the host printed last. */
  lastLine: z.string().optional(),
  /** Why the attempt before this one failed. */
  lastFailure: z.string().optional(),
  /** When the next attempt begins, while none runs; ISO 8601. */
  nextAttemptAt: z.string().optional(),
});
type ActivityView = z.infer<typeof ActivityView>;

/** Everything to be shown about one operation. */
export const OperationView = z.object({
  summary: OperationSummary,
  /** Absent while it waits, and while no worker answers. */
  progress: OperationProgress.optional(),
  activity: ActivityView.optional(),
  /** Why no more can be shown; the operation itself is not affected. */
  outage: Outage.optional(),
});
export type OperationView = z.infer<typeof OperationView>;

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
    // Other activities put other things into their heartbeats.
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
      await queryWithRetry(client, 5_000, () => handle.query<unknown>(names.queries.progress)),
    );
    // The run's own status says whether it has ended; what it says about itself is newer than its search attributes.
    const { blockedReason: _reason, blockedSince: _since, blockedQuestion: _question, ...rest } = summary;
    const { blocked } = progress;
    if (hasEnded(summary.state)) {
      const state = summary.state === 'terminated' ? summary.state : (progress.outcome ?? summary.state);
      return { ...view, summary: { ...rest, state }, progress };
    }
    const now: OperationSummary =
      blocked === undefined
        ? { ...rest, state: 'running' }
        : {
            ...rest,
            state: 'blocked',
            blockedReason: blocked.type,
            blockedSince: blocked.since,
            ...(blocked.question === undefined ? {} : { blockedQuestion: blocked.question }),
          };
    return { ...view, summary: now, progress };
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
