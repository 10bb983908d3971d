import { failureClasses, type FailureClass, type FailureType } from './failure.js';
import type { OperationContext } from '../operation.js';

/** What is looked at, cheaply and on a timer, to see that the cause of a block is gone. */
export const probeKinds = {
  host: 'whether the host answers over SSH',
  api: 'whether an API server of the cluster is ready',
  etcd: 'whether etcd answers and has a leader',
  'load-balancer': 'whether the load balancer answers',
  endpoint: 'whether the host reaches the endpoint',
  cluster: 'whether the cluster can take the change',
  quorum: 'whether the member may be removed',
  node: 'whether the Node is Ready',
  member: 'whether the etcd member is a healthy voter',
  'own-api': 'whether the API server of the host is ready',
  backend: 'whether the load balancer sees the host UP',
  space: 'whether a control-plane host has room for a snapshot of etcd',
} as const;
export type ProbeKind = keyof typeof probeKinds;

/** Pauses between the attempts of an activity while it is retried in place, milliseconds. */
interface RetryPolicy {
  readonly firstMs: number;
  readonly factor: number;
  readonly mostMs: number;
}

/** How a failure is treated, from its first occurrence to the end of a block. */
export interface FailurePolicy {
  readonly class: FailureClass;
  /** Which budget of `policy.budgets` bounds the attempts in place; `none`: there is one attempt. */
  readonly budget: 'unreachable' | 'ready' | 'none';
  readonly retry: RetryPolicy | 'never';
  /**
   * - wait: it blocks, also before anything was changed
   * - approve: it blocks for an approval
   * - fail: it ends the operation while nothing was changed, and blocks it afterwards
   */
  readonly beforeAnyChange: 'wait' | 'approve' | 'fail';
  /** Absent where only a person can tell that the cause is gone. */
  readonly probe?: ProbeKind;
  /** What the decision `approve` does; absent where there is nothing to approve. */
  readonly approve?: string;
}

const lostConnection: RetryPolicy = { firstMs: 1_000, factor: 2, mostMs: 15_000 };
const notYet: RetryPolicy = { firstMs: 1_000, factor: 1.5, mostMs: 5_000 };

const ofClass: Readonly<Record<FailureClass, Omit<FailurePolicy, 'class'>>> = {
  transient: { budget: 'unreachable', retry: lostConnection, beforeAnyChange: 'wait' },
  'not-ready-yet': { budget: 'ready', retry: notYet, beforeAnyChange: 'wait' },
  credential: { budget: 'none', retry: 'never', beforeAnyChange: 'fail' },
  'dirty-host': { budget: 'none', retry: 'never', beforeAnyChange: 'fail' },
  approval: { budget: 'none', retry: 'never', beforeAnyChange: 'approve' },
  'cluster-unhealthy': { budget: 'none', retry: 'never', beforeAnyChange: 'wait', probe: 'cluster' },
  definitive: { budget: 'none', retry: 'never', beforeAnyChange: 'fail' },
};

/** Where a type differs from its class. */
const ofType: Partial<Record<FailureType, Partial<FailurePolicy>>> = {
  Unreachable: { probe: 'host' },
  ApiUnavailable: { probe: 'api' },
  EtcdUnavailable: { probe: 'etcd' },
  LoadBalancerUnavailable: { probe: 'load-balancer' },
  NodeNotReady: { probe: 'node' },
  MemberNotVoter: { probe: 'member' },
  ControlPlaneNotReady: { probe: 'own-api' },
  BackendNotUp: { probe: 'backend' },
  EndpointUnreachable: { probe: 'endpoint' },
  NoSpace: { probe: 'space' },
  DirtyHost: {
    approve: 'resets the host, deletes what is listed above, reads it again, and goes on when it is clean',
  },
  StaleMember: {
    approve: 'removes that member, right after the quorum was projected again on a list just read, and goes on',
  },
  IdentityConflict: { approve: 'deletes the Node of the machine that is gone, and goes on' },
  PeersUnreachable: {
    approve: 'makes a new cluster although they may carry one: then two clusters share its name and its endpoint',
  },
  PlanNeedsApproval: {
    approve: 'carries out the plan as it is shown; one that would change or destroy something else is asked for again',
  },
};

/** The treatment of a failure: one table for activities, workflows, the runbook and its test. */
export const failurePolicy = (type: FailureType): FailurePolicy => {
  const failureClass = failureClasses[type];
  return { class: failureClass, ...ofClass[failureClass], ...ofType[type] };
};

/** How long an activity is retried in place before its failure blocks the operation, milliseconds. */
export const budgetMs = (type: FailureType, { policy }: Pick<OperationContext, 'policy'>): number => {
  switch (failurePolicy(type).budget) {
    case 'unreachable':
      return policy.unreachableBudgetMs;
    case 'ready':
      return policy.readyBudgetMs;
    case 'none':
      return 0;
  }
};

/** The pause before the next attempt in place, milliseconds; undefined when there is none. @param attempt 1 at first */
export const retryDelayMs = (type: FailureType, attempt: number): number | undefined => {
  const { retry } = failurePolicy(type);
  return retry === 'never' ? undefined : Math.min(retry.firstMs * retry.factor ** (attempt - 1), retry.mostMs);
};
