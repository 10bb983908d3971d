import { short, titled } from '../activities.js';
import type { Step } from '../step.js';
import type { JoinState } from './state.js';

type Undo = NonNullable<Step<JoinState>['undo']>;

/** The backend of a host that was a member before this operation carries traffic already. */
const unlessJoinedBefore = (undo: Undo): Undo => ({
  ...undo,
  run: async (state) =>
    state.joinedBefore === true ? 'left as it was: the host was a member before' : undo.run(state),
});

const removeUndo = unlessJoinedBefore({
  title: ({ target }) => `take the backend ${target.name} out of the load balancer`,
  run: ({ context }) => titled(short.removeBackend, `remove the backend ${context.target.name}`, context),
});

/** Disabled, so that no request reaches an API server that is not ready (invariant 9). */
export const registerDisabled: Step<JoinState> = {
  id: 'register',
  title: ({ target }) => `register the backend ${target.name}, disabled`,
  changes: true,
  skipWhen: (state) => (state.alreadyJoined === true ? 'the host is a member already' : undefined),
  run: ({ context }) =>
    titled(short.registerBackend, `register the backend ${context.target.name}, disabled`, context, false),
  undo: removeUndo,
};

/** Enabled at once: kubeadm init itself speaks through the endpoint; the health check keeps traffic away until /readyz. */
export const registerFirst: Step<JoinState> = {
  id: 'register',
  title: ({ target }) => `register the first backend ${target.name}`,
  changes: true,
  run: ({ context }) =>
    titled(short.registerBackend, `register the first backend ${context.target.name}`, context, true),
  undo: removeUndo,
};

export const enable: Step<JoinState> = {
  id: 'enable',
  title: ({ target }) => `enable the backend ${target.name}, see it UP, /readyz through the endpoint`,
  changes: true,
  budgetMs: ({ policy }) => policy.readyBudgetMs,
  // No traffic to what may be another's API server by now.
  restsOn: 'prove',
  retriedInPlace: 'the proof is made again first, and only traffic is left to let in',
  withoutIt: ({ target }) =>
    `goes on without it: no request reaches ${target.name} through the load balancer until you enable it there`,
  run: ({ context }) => titled(short.enableBackend, `enable the backend ${context.target.name}`, context),
  undo: unlessJoinedBefore({
    title: ({ target }) => `disable the backend ${target.name}`,
    run: ({ context }) => titled(short.disableBackend, `disable the backend ${context.target.name}`, context),
  }),
};
