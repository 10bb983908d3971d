import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { names, taskQueue as defaultTaskQueue } from '../../model/messages.js';
import type { OperationContext } from '../../model/operation.js';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { PlanReport } from '../../model/plan-report.js';
import { StatusReport } from '../../model/status/status.js';
import { callUntilAnswered, type Patience } from './temporal-calls.js';

export type ReadOptions = Partial<Patience> & { readonly taskQueue?: string };

/** The details of a QuorateError. */
const Carried = z.object({ remedy: z.string(), evidence: z.array(z.string()) }).partial();

/** The failure of the activity, or the innermost cause: the errors around it only say that something within them failed. */
const failureIn = (error: unknown): unknown =>
  !(error instanceof ApplicationFailure) && error instanceof Error && error.cause instanceof Error
    ? failureIn(error.cause)
    : error;

const couldNotBeRead = (what: string, error: unknown): OperatorError => {
  const failure = failureIn(error);
  const { data } = Carried.safeParse(failure instanceof ApplicationFailure ? failure.details?.[0] : undefined);
  const type = failure instanceof ApplicationFailure && failure.type ? `${failure.type}: ` : '';
  return new OperatorError('failed', `The ${what} could not be read: ${type}${errorText(failure)}`, {
    evidence: data?.evidence ?? [],
    remedy:
      data?.remedy ??
      'See that a worker runs (`quorate worker` or `quorate dev`) and that it reaches the hosts over SSH.',
    cause: error,
  });
};

/**
 * Reads something through a worker, as only workers reach the hosts. Changes nothing. Callers that ask for the same thing
 * at the same time share one reading.
 *
 * @throws OperatorError (temporal-unreachable, failed)
 */
const readThroughWorker = async <Report>(
  client: Client,
  { what, workflow, id, schema }: { what: string; workflow: string; id: string; schema: z.ZodType<Report> },
  context: OperationContext,
  { taskQueue = defaultTaskQueue, ...patience }: ReadOptions,
): Promise<Report> => {
  // A request with another specification is another reading.
  const asked = createHash('sha256').update(JSON.stringify(context)).digest('hex').slice(0, 8);
  try {
    return await callUntilAnswered(
      client,
      `reading the ${what}`,
      { totalMs: 90_000, callMs: 30_000, ...patience },
      async () =>
        schema.parse(
          await client.workflow.execute<(context: OperationContext) => Promise<Report>>(workflow, {
            workflowId: `${id}/${asked}`,
            workflowIdConflictPolicy: 'USE_EXISTING',
            taskQueue,
            args: [context],
            // It only reads: nobody waits longer for it.
            workflowRunTimeout: '2 minutes',
            staticSummary: what,
          }),
        ),
    );
  } catch (error) {
    throw error instanceof OperatorError ? error : couldNotBeRead(what, error);
  }
};

/** The state of a cluster as its hosts show it now. @param context of the cluster; its target is any control-plane host. */
export const readStatus = (
  client: Client,
  context: OperationContext,
  options: ReadOptions = {},
): Promise<StatusReport> =>
  readThroughWorker(
    client,
    {
      what: `status of ${context.cluster}`,
      workflow: names.workflows.status,
      id: `status/${context.cluster}`,
      schema: StatusReport,
    },
    context,
    options,
  );

/** What the operation would find and do now. @param context of the operation. */
export const readPlan = (client: Client, context: OperationContext, options: ReadOptions = {}): Promise<PlanReport> => {
  const { cluster, kind, target } = context;
  return readThroughWorker(
    client,
    {
      what: `plan of ${kind} ${target.name} (${cluster})`,
      workflow: names.workflows.plan,
      id: `plan/${cluster}/${kind}/${target.name}`,
      schema: PlanReport,
    },
    context,
    options,
  );
};
