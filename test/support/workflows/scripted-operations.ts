import { ApplicationFailure, condition, proxyActivities, setHandler, defineSignal } from '@temporalio/workflow';
import { HandlerUnfinishedPolicy } from '@temporalio/common';
import type { ClusterQueue, SubmitRequest } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import type { PlanReport } from '../../../model/plan-report.js';
import type { OperationProgress } from '../../../model/progress.js';
import type { StatusReport } from '../../../model/status/status.js';
import { clusterEntity as productEntity } from '../../../workflows/cluster-entity.js';
import type { ClusterEntityState } from '../../../workflows/cluster-entity.js';
import { decide, progress, queue, withdraw } from '../../../workflows/messages.js';
import { showBlocked, showPhase, showResumed } from '../../../workflows/visibility.js';

// Operations that do what a test tells them by a signal, under the product's own queue.

/** Stands for a queue at a moment that is too short to be met: it answers what a test says, for ever. */
const stillQueue = async (view: ClusterQueue): Promise<void> => {
  setHandler(queue, () => view);
  setHandler(withdraw, () => ({ withdrawn: false }), { unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON });
  await condition(() => false);
};

export const clusterEntity = (state: ClusterEntityState | { readonly still: ClusterQueue }): Promise<void> =>
  'still' in state ? stillQueue(state.still) : productEntity(state);

/** What a test may change of an operation; an `outcome` ends it. */
export type Script = Partial<OperationProgress> & {
  readonly work?: boolean;
  /** Goes on although lists still show it as blocked, as they do for a moment. */
  readonly unblockedUnseen?: boolean;
};

interface ScriptedActivities {
  work(): Promise<void>;
  readStatus(context: OperationContext): Promise<StatusReport>;
  readPlan(context: OperationContext): Promise<PlanReport>;
}
const activities = proxyActivities<ScriptedActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 1 },
});

const script = defineSignal<[Script]>('script');

const scripted = async ({ context, by }: SubmitRequest): Promise<void> => {
  let state: OperationProgress = {
    revision: 0,
    operation: context.operation,
    kind: context.kind,
    cluster: context.cluster,
    host: context.target.name,
    by,
    steps: [{ id: 'read', title: 'read the host', state: 'running' }],
    plan: [],
    decisions: [],
  };
  setHandler(progress, () => state);
  setHandler(
    decide,
    (decision) => {
      state = { ...state, decisions: [...state.decisions, { ...decision, at: new Date().toISOString() }] };
      delete state.blocked;
      showResumed();
      return { accepted: true, action: decision.action };
    },
    {
      unfinishedPolicy: HandlerUnfinishedPolicy.WARN_AND_ABANDON,
      validator: ({ action, about }) => {
        const { blocked } = state;
        if (blocked === undefined) throw ApplicationFailure.nonRetryable('nothing to decide', 'NotBlocked');
        if (about !== undefined && about !== blocked.question) {
          throw ApplicationFailure.nonRetryable('it waits for something else by now', 'ChoiceRefused');
        }
        if (!blocked.choices.includes(action)) {
          throw ApplicationFailure.nonRetryable(`"${action}" makes no sense now`, 'ChoiceRefused');
        }
      },
    },
  );
  setHandler(script, ({ work, unblockedUnseen, ...change }) => {
    state = { ...state, ...change, revision: state.revision + 1 };
    if (unblockedUnseen === true) delete state.blocked;
    if (change.blocked !== undefined) showBlocked(change.blocked);
    if (change.outcome !== undefined) showPhase(change.outcome);
    if (work === true) activities.work().catch(() => {});
  });
  try {
    await condition(() => state.outcome !== undefined);
  } catch (error) {
    state = { ...state, outcome: 'cancelled', summary: 'cancelled; nothing had to be undone' };
    throw error;
  }
  if (state.outcome !== 'finished') throw ApplicationFailure.nonRetryable(state.summary ?? '', 'Scripted');
};

export const initCluster = scripted;
export const joinControlPlane = scripted;
export const joinWorker = scripted;
export const readClusterStatus = (context: OperationContext): Promise<StatusReport> => activities.readStatus(context);
export const planChange = (context: OperationContext): Promise<PlanReport> => activities.readPlan(context);
