import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  ClusterQueue,
  Decision,
  HostPrinted,
  SubmitRequest,
  SubmitResult,
  WithdrawRequest,
} from '../model/messages.js';
import { names } from '../model/messages.js';
import type { OperationContext } from '../model/operation.js';
import type { OperationProgress } from '../model/progress.js';
import type { QueueMemory } from '../model/queue-memory.js';

export const submit = defineUpdate<SubmitResult, [SubmitRequest]>(names.updates.submit);
export const withdraw = defineUpdate<{ withdrawn: boolean }, [WithdrawRequest]>(names.updates.withdraw);
export const decide = defineUpdate<{ accepted: true; action: Decision['action'] }, [Decision]>(names.updates.decide);
export const queue = defineQuery<ClusterQueue>(names.queries.queue);
export const context = defineQuery<OperationContext | null>(names.queries.context);
export const memory = defineQuery<QueueMemory, [number]>(names.queries.memory);
export const progress = defineQuery<OperationProgress>(names.queries.progress);
export const hostPrinted = defineSignal<[HostPrinted]>(names.signals.hostPrinted);
