import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { names, workflowIds, type Decision, type WithdrawRequest } from '../../model/messages.js';
import { OperatorError } from '../../model/failures/operator-error.js';
import type { DecisionAction } from '../../model/progress.js';
import { beginsNow } from '../../model/queue.js';
import { hasEnded, type OperationSummary } from './operation-summary.js';
import { viewOperation } from './operation-view.js';
import { isNotFound, callUntilAnswered, refusal, within, type Patience } from './temporal-calls.js';

const idOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);

/**
 * The same decision about the same block is one update, whoever sends it and however often.
 *
 * @param blockedSince tells this block from the operation's others; when it is unknown, each call is a new update
 */
export const decisionUpdateId = (operation: string, blockedSince: string | undefined, action: DecisionAction): string =>
  idOf(operation, blockedSince ?? String(Date.now()), action);

/**
 * Sends an operator's decision to a blocked operation. Safe to repeat: the same decision about the same block has the
 * same update id.
 *
 * @throws OperatorError (refused when it makes no sense now, temporal-unreachable when nobody knows whether it arrived)
 */
export const decideOperation = async (
  client: Client,
  summary: OperationSummary,
  decision: Decision,
  patience: Partial<Patience> = {},
): Promise<void> => {
  const { operation, workflowId, runId } = summary;
  const remedy = `See it with \`quorate operations show ${operation}\`.`;
  if (runId === undefined || hasEnded(summary.state)) {
    const state = runId === undefined ? 'has not begun' : `has ended (${summary.state})`;
    throw new OperatorError('refused', `${operation} ${state}; there is nothing to decide.`, { remedy });
  }
  const { progress } = await viewOperation(client, summary);
  const updateId = decisionUpdateId(operation, progress?.blocked?.since, decision.action);
  const question = decision.about ?? progress?.blocked?.question;
  const handle = client.workflow.getHandle(workflowId, runId);
  const send = (): Promise<unknown> =>
    callUntilAnswered(client, `deciding ${operation}`, { totalMs: 30_000, ...patience }, () =>
      handle.executeUpdate<unknown, [Decision]>(names.updates.decide, {
        // What is open by the time it arrives may be another question.
        args: [{ ...decision, ...(question === undefined ? {} : { about: question }) }],
        updateId,
      }),
    );
  // A query may see the block a moment before the workflow can accept a decision about it.
  const sendWhileBlocked = async (): Promise<void> => {
    for (let left = progress?.blocked === undefined ? 0 : 5; ; left--) {
      try {
        await send();
        return;
      } catch (error) {
        if (left <= 0 || refusal(error)?.type !== 'NotBlocked') throw error;
        await sleep(300);
      }
    }
  };
  try {
    await sendWhileBlocked();
  } catch (error) {
    const refused = refusal(error);
    if (refused !== undefined) {
      throw new OperatorError('refused', `The decision was refused: ${refused.message}.`, { remedy, cause: error });
    }
    if (isNotFound(error)) {
      throw new OperatorError('refused', `${operation} has ended meanwhile.`, { remedy, cause: error });
    }
    throw error;
  }
};

/**
 * Takes a waiting operation out of its queue, or asks a running one to stop and undo what it did.
 *
 * @returns `withdrawn` when it never began, `cancelling` when the undo is under way: watch it.
 * @throws OperatorError (refused when it has ended)
 */
export const cancelOperation = async (
  client: Client,
  summary: OperationSummary,
  { by, reason }: { by: string; reason: string },
): Promise<'withdrawn' | 'cancelling'> => {
  const { operation, cluster } = summary;
  const remedy = `See it with \`quorate operations show ${operation}\`.`;
  if (summary.state === 'waiting') {
    const handle = client.workflow.getHandle(workflowIds.cluster(cluster));
    const { withdrawn } = await callUntilAnswered(client, `withdrawing ${operation}`, { totalMs: 30_000 }, () =>
      handle.executeUpdate<{ withdrawn: boolean }, [WithdrawRequest]>(names.updates.withdraw, {
        args: [{ operation, by, reason }],
        updateId: idOf(operation, 'withdraw'),
      }),
    ).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      throw new OperatorError(
        'refused',
        `The queue of ${cluster} was ended from outside, so ${operation} neither begins nor can be withdrawn.`,
        {
          remedy: `The next request for ${cluster} brings the queue back with what waited in it; cancel it then.`,
          cause: error,
        },
      );
    });
    if (withdrawn) return 'withdrawn';
  }
  let { summary: now } = await viewOperation(client, summary);
  // It is being started right now: a moment later it can be cancelled.
  for (let left = 20; left > 0 && now.state === 'waiting' && now.waitsFor === beginsNow; left -= 1) {
    await sleep(250);
    ({ summary: now } = await viewOperation(client, now));
  }
  if (now.state === 'waiting' && now.waitsFor === beginsNow) {
    throw new OperatorError('refused', `${operation} is about to begin, and the server has not started it yet.`, {
      remedy: 'Cancel it again in a moment.',
    });
  }
  if (hasEnded(now.state) || now.runId === undefined) {
    throw new OperatorError('refused', `${operation} has ended (${now.state}); there is nothing to cancel.`, {
      remedy,
    });
  }
  const { workflowId, runId } = now;
  await within(client, 10_000, () =>
    client.workflowService.requestCancelWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId, runId },
      identity: by,
      reason: reason === '' ? `cancelled by ${by}` : `cancelled by ${by}: ${reason}`,
      // The server deduplicates requests by id.
      requestId: idOf(operation, runId, 'cancel'),
    }),
  );
  return 'cancelling';
};
