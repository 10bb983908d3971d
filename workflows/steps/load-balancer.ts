import { enableLines, registerDisabledLines, registerFirstLines } from '../../model/plan.js';
import { bounded, titled } from '../activity-proxies.js';
import type { Step } from '../step.js';
import type { JoinState } from './state.js';

type Undo = NonNullable<Step<JoinState>['undo']>;

/** What was there before this operation is left as it was: the backend of a member carries traffic, another is somebody's. */
const unlessBefore = (isBefore: (state: JoinState) => boolean, undo: Undo): Undo => ({
  ...undo,
  run: async (state) => {
    if (state.joinedBefore === true) return 'left as it was: the host was a member before';
    if (isBefore(state)) return `left as it was: ${state.backendBefore} before the operation began`;
    return undo.run(state);
  },
});

const removeUndo = unlessBefore(({ backendBefore }) => backendBefore === 'enabled' || backendBefore === 'disabled', {
  title: ({ target }) => `take the backend ${target.name} out of the load balancer`,
  run: ({ context }) => titled(bounded.removeBackend, `remove the backend ${context.target.name}`, context),
});

/** One that could not be read before is known by what registering it says. */
const register = async (state: JoinState, first: boolean): Promise<string> => {
  const { context } = state;
  const how = first ? `first backend ${context.target.name}` : `backend ${context.target.name}, disabled`;
  const note = await titled(bounded.registerBackend, `register the ${how}`, context, first);
  if (state.backendBefore === 'unread') state.backendBefore = note.startsWith('already') ? 'enabled' : 'none';
  return note;
};

/** Disabled, so that no request reaches an API server that is not ready (invariant 9). */
export const registerDisabled: Step<JoinState> = {
  id: 'register',
  title: ({ target }) => `register the backend ${target.name}, disabled`,
  changes: true,
  plan: registerDisabledLines,
  run: (state) => register(state, false),
  undo: removeUndo,
};

/** Enabled at once: kubeadm init itself speaks through the endpoint; the health check keeps traffic away until /readyz. */
export const registerFirst: Step<JoinState> = {
  id: 'register',
  title: ({ target }) => `register the first backend ${target.name}`,
  changes: true,
  plan: registerFirstLines,
  run: (state) => register(state, true),
  undo: removeUndo,
};

export const enable: Step<JoinState> = {
  id: 'enable',
  title: ({ target }) => `enable the backend ${target.name}, see it UP, /readyz through the endpoint`,
  changes: true,
  budgetMs: ({ policy }) => policy.readyBudgetMs,
  plan: enableLines,
  // No traffic to what may be another's API server by now.
  restsOn: 'prove',
  retriedInPlace: 'the proof is made again first, and only traffic is left to let in',
  withoutIt: ({ target }) =>
    `goes on without it: no request reaches ${target.name} through the load balancer until you enable it there`,
  run: ({ context }) => titled(bounded.enableBackend, `enable the backend ${context.target.name}`, context),
  undo: unlessBefore(({ backendBefore }) => backendBefore === 'enabled', {
    title: ({ target }) => `disable the backend ${target.name}`,
    run: ({ context }) => titled(bounded.disableBackend, `disable the backend ${context.target.name}`, context),
  }),
};
