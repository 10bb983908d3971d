// Asks for an operation and stays with it to its end, as an operator who wants it done does.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { submitOperation } from '../../api/client/submit.js';
import { names } from '../../model/messages.js';
import type { OperationContext } from '../../model/operation.js';
import type { Blocked, OperationProgress } from '../../model/progress.js';
import type { ReportedOperation } from '../../test/simulation/support/invariants.js';

const by = 'ann@desk';
const everyMs = 100;

/** After that many decisions of one operation an operator gives up. */
const mostRetries = 6;

export interface Driven extends ReportedOperation {
  readonly workflowId: string;
  readonly runId: string;
  /** What was decided on the way, and why. */
  readonly decided: readonly string[];
}

/** Nobody answers just now; undefined then. */
const unlessDown = async <Value>(ask: Promise<Value>): Promise<Value | undefined> => ask.catch(() => undefined);

/** Hands an operation to its cluster's queue, and waits until it has begun. */
export const start = async (client: Client, taskQueue: string, context: OperationContext): Promise<WorkflowHandle> => {
  const { workflowId } = await submitOperation(client, { context, by }, { taskQueue });
  for (;;) {
    // The id is that of every change of the cluster: the one before may just have ended.
    const found = await unlessDown(client.workflow.getHandle(workflowId).describe());
    if (found?.memo?.['operation'] === context.operation) return client.workflow.getHandle(workflowId, found.runId);
    await sleep(everyMs / 2);
  }
};

/** Tries again as long as something can be decided; `approve` is for what the operation itself has left. */
const choose = ({ choices }: Blocked): 'retry' | 'approve' => (choices.includes('retry') ? 'retry' : 'approve');

/** Stays with an operation until it has ended, or nothing helps. */
export const drive = async (
  client: Client,
  handle: WorkflowHandle,
  context: OperationContext,
  timeoutMs: number,
): Promise<Driven> => {
  const deadline = Date.now() + timeoutMs;
  const decided: string[] = [];
  const progressOf = () =>
    unlessDown(client.withDeadline(Date.now() + 5_000, () => handle.query<OperationProgress>(names.queries.progress)));
  const report = async (progress: OperationProgress | undefined): Promise<Driven> => ({
    operation: context.operation,
    kind: context.kind,
    host: context.target.name,
    outcome: progress?.outcome,
    summary: progress?.summary,
    blocked: progress?.blocked,
    workflowId: handle.workflowId,
    runId: (await unlessDown(handle.describe()))?.runId ?? '',
    decided,
  });
  for (;;) {
    await sleep(everyMs);
    const late = Date.now() > deadline;
    const found = await unlessDown(client.withDeadline(Date.now() + 2_000, () => handle.describe()));
    const runs = found === undefined || found.status.name === 'RUNNING';
    const waits = (found?.memo?.['blocked'] ?? null) !== null;
    if (runs && !waits && !late) continue;
    const progress = await progressOf();
    if (late || (!runs && progress !== undefined)) return report(progress);
    if (!runs || progress?.blocked === undefined) continue;
    if (decided.length >= mostRetries) return report(progress);
    const { blocked } = progress;
    const action = choose(blocked);
    const accepted = await unlessDown(
      client.withDeadline(Date.now() + 5_000, () =>
        handle.executeUpdate<unknown, [unknown]>(names.updates.decide, { args: [{ action, by, reason: '' }] }),
      ),
    );
    if (accepted !== undefined) decided.push(`${action} after ${blocked.type} at ${blocked.step}: ${blocked.message}`);
  }
};
