import { long, short, titled } from '../activities.js';
import type { Step } from '../step.js';
import { facts, nodeOf } from './state.js';
import type { JoinState } from './state.js';

const joined = (state: JoinState): string | undefined =>
  state.alreadyJoined === true ? 'the host is a member already' : undefined;

export const removeStaleMember: Step<JoinState> = {
  id: 'remove-stale-member',
  title: ({ target }) => `remove what the cluster still remembers of ${target.name}`,
  changes: true,
  retryFrom: 'read',
  skipWhen: joined,
  run: (state) => {
    const { host, cluster } = facts(state);
    return titled(
      short.removeStaleMember,
      `remove stale member and Node of ${state.context.target.name}`,
      state.context,
      {
        etcdDataPresent: host.etcdDataPresent,
        sameCluster: host.pkiCaHash === undefined ? undefined : host.pkiCaHash === cluster.caHash,
      },
    );
  },
};

/** kubeadm refuses to join a host whose Node is still Ready, as it is for a minute after its kubelet has gone. */
export const removeStaleNode: Step<JoinState> = {
  id: 'remove-stale-node',
  title: ({ target }) => `delete the Node that is left of ${target.name}`,
  changes: true,
  retryFrom: 'read',
  skipWhen: (state) => joined(state) ?? (nodeOf(state) === undefined ? 'the cluster has no Node of it' : undefined),
  run: ({ context }) =>
    titled(short.removeStaleMember, `delete the old Node of ${context.target.name}`, context, {
      etcdDataPresent: false,
    }),
};

export const reset: Step<JoinState> = {
  id: 'reset',
  title: ({ target }) => `reset ${target.name} and clean what kubeadm leaves`,
  changes: true,
  retryFrom: 'read',
  skipWhen: (state) => joined(state) ?? (state.dirty === true ? undefined : 'the host is clean'),
  run: (state) => {
    const { context } = state;
    // Also when the outcome is lost: whoever undoes then finds the host reset.
    state.wasReset = true;
    if (nodeOf(state)?.machineId === facts(state).host.machineId) state.nodeUidBefore = undefined;
    return titled(long.resetHost, `reset ${context.target.name}`, context);
  },
};

export const prepare: Step<JoinState> = {
  id: 'prepare',
  title: ({ target }) => `prepare ${target.name}: kubelet enabled, modules, sysctls, images`,
  changes: true,
  skipWhen: joined,
  withoutIt: ({ target }) => `goes on with ${target.name} as it is: kubeadm's own preflight judges it`,
  run: ({ context }) => titled(long.prepareHost, `prepare ${context.target.name}`, context),
};
