import type { OperationView } from '../../api/client/operation-view.js';
import type { OperationProgress, StepProgress } from '../../model/progress.js';

const operation = 'prod/join-worker/w2/1f00aa11';

/** A time of the day that all views here are of. */
export const at = (time: string): string => `2026-11-23T${time}.000Z`;

/** The view of an operation as tests of the command line show it: three of five steps are left. */
export const operationView = (
  change: {
    progress?: Partial<OperationProgress>;
    summary?: Partial<OperationView['summary']>;
    activity?: OperationView['activity'];
    steps?: StepProgress[];
  } = {},
): OperationView => ({
  summary: {
    operation,
    cluster: 'prod',
    kind: 'join-worker',
    host: 'w2',
    state: change.progress?.blocked === undefined ? 'running' : 'blocked',
    since: at('13:52:00'),
    workflowId: 'op/prod/join-worker/w2',
    runId: 'r1',
    ...change.summary,
  },
  progress: {
    revision: 1,
    operation,
    kind: 'join-worker',
    cluster: 'prod',
    host: 'w2',
    by: 'ann@desk',
    steps: change.steps ?? [
      { id: 'read', title: 'read w2', state: 'done', since: at('13:52:02'), note: 'w2 is empty' },
      { id: 'reset', title: 'reset w2', state: 'skipped', since: at('13:52:03') },
      { id: 'join', title: 'kubeadm join on w2', state: 'running', since: at('13:52:10'), budgetMs: 1_800_000 },
      { id: 'prove', title: 'prove w2', state: 'pending' },
      { id: 'revoke', title: 'revoke the credentials', state: 'pending' },
    ],
    plan: [],
    decisions: [],
    ...change.progress,
  },
  ...(change.activity === undefined ? {} : { activity: change.activity }),
});

/** Blocked for a cause that is looked at on a timer. */
export const blockedByUnreachable: NonNullable<OperationProgress['blocked']> = {
  question: 2,
  type: 'Unreachable',
  step: 'join',
  message: 'w2 (10.203.0.22:22) does not answer: connect ETIMEDOUT',
  remedy: 'see that `ssh w2 true` works from the machine of the worker, then retry',
  evidence: ['attempt 1: connect ETIMEDOUT', 'attempt 2: connect ETIMEDOUT'],
  choices: ['retry', 'abort'],
  consequences: {
    retry: 'goes on with "kubeadm join on w2"',
    abort: 'ends the operation; everything is left as it is',
  },
  since: at('13:52:40'),
  watching: 'whether the host answers over SSH',
};
