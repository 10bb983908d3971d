import { prepareLines, resetLines, staleMemberLines, staleNodeLines } from '../../model/plan.js';
import { budgeted, bounded, titled } from '../activity-proxies.js';
import type { Step } from '../step.js';
import { checkedIn, facts, nodeOf } from './state.js';
import type { JoinState } from './state.js';

export const removeStaleMember: Step<JoinState> = {
  id: 'remove-stale-member',
  title: ({ target }) => `remove what the cluster still remembers of ${target.name}`,
  changes: true,
  restsOn: 'read',
  plan: staleMemberLines,
  run: (state) =>
    titled(
      bounded.removeStaleMember,
      `remove stale member and Node of ${state.context.target.name}`,
      state.context,
      checkedIn(state),
    ),
};

/** kubeadm refuses to join a host whose Node is still Ready, as it is for a minute after its kubelet has gone. */
export const removeStaleNode: Step<JoinState> = {
  id: 'remove-stale-node',
  title: ({ target }) => `delete the Node that is left of ${target.name}`,
  changes: true,
  restsOn: 'read',
  plan: staleNodeLines,
  skipWhen: (state) => (nodeOf(state) === undefined ? 'the cluster has no Node of it' : undefined),
  run: (state) =>
    titled(
      bounded.removeStaleMember,
      `delete the old Node of ${state.context.target.name}`,
      state.context,
      checkedIn(state),
    ),
};

export const reset: Step<JoinState> = {
  id: 'reset',
  title: ({ target }) => `reset ${target.name} and clean what kubeadm leaves`,
  changes: true,
  restsOn: 'read',
  attaches: true,
  plan: resetLines,
  skipWhen: (state) => (state.dirty === true ? undefined : 'the host is clean'),
  run: (state, { attaching }) => {
    const { context } = state;
    // Also when the outcome is lost: whoever undoes then finds the host reset.
    state.wasReset = true;
    if (nodeOf(state)?.machineId === facts(state).host.machineId) state.nodeUidBefore = undefined;
    const checked = checkedIn(state);
    // Of its own attempt nobody was asked: what lay there before it stays.
    const keep = checked.ownAttempt && state.keep !== undefined ? { keep: state.keep } : {};
    return titled(budgeted(context).resetHost, `reset ${context.target.name}`, context, checked, {
      ...keep,
      ...(attaching ? { attach: true } : {}),
    });
  },
};

export const prepare: Step<JoinState> = {
  id: 'prepare',
  title: ({ target }) => `prepare ${target.name}: kubelet enabled, modules, sysctls, images`,
  changes: true,
  plan: prepareLines,
  withoutIt: ({ target }) => `goes on with ${target.name} as it is: kubeadm's own preflight judges it`,
  run: ({ context }) => titled(budgeted(context).prepareHost, `prepare ${context.target.name}`, context),
};
