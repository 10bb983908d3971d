import type { Client } from '@temporalio/client';
import type { Decision, SubmitRequest, SubmitResult } from '../model/messages.js';
import type { OperationContext } from '../model/operation.js';
import type { StatusReport } from '../model/status.js';
import { cancelOperation, decideOperation } from './decide.js';
import { findOperation, listOperations, type ListFilter, type OperationList } from './find-operations.js';
import type { OperationSummary } from './operation-summary.js';
import { viewOperation, type OperationView } from './operation-view.js';
import { readStatus } from './read-status.js';
import { submitOperation, type SubmitOptions } from './submit.js';
import { watchOperation, type WatchOptions } from './watch-operation.js';

/** The use cases of Quorate over a Temporal client: the only way in for the command line and the HTTP API. */
export interface QuorateClient {
  readonly submit: (request: SubmitRequest, options?: SubmitOptions) => Promise<SubmitResult>;
  readonly list: (filter?: ListFilter) => Promise<OperationList>;
  readonly find: (typed: string, prefer?: (summary: OperationSummary) => boolean) => Promise<OperationSummary>;
  readonly view: (summary: OperationSummary) => Promise<OperationView>;
  readonly watch: (summary: OperationSummary, options?: WatchOptions) => AsyncGenerator<OperationView, void, void>;
  readonly decide: (summary: OperationSummary, decision: Decision) => Promise<void>;
  readonly cancel: (
    summary: OperationSummary,
    why: { by: string; reason: string },
  ) => Promise<'withdrawn' | 'cancelling'>;
  readonly status: (
    context: OperationContext,
    options?: { onWaiting?: (why: string) => void },
  ) => Promise<StatusReport>;
}

/** @param taskQueue where the workers poll; default `quorate`. */
export const createQuorateClient = (client: Client, taskQueue?: string): QuorateClient => {
  const queue = taskQueue === undefined ? {} : { taskQueue };
  return {
    submit: (request, options) => submitOperation(client, request, { ...queue, ...options }),
    list: (filter) => listOperations(client, filter),
    find: (typed, prefer) => findOperation(client, typed, prefer),
    view: (summary) => viewOperation(client, summary),
    watch: (summary, options) => watchOperation(client, summary, options),
    decide: (summary, decision) => decideOperation(client, summary, decision),
    cancel: (summary, why) => cancelOperation(client, summary, why),
    status: (context, options) => readStatus(client, context, { ...queue, ...options }),
  };
};
