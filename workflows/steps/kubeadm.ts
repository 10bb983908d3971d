import type { UnitOutcome } from '../../model/facts/unit-outcome.js';
import { failureClasses } from '../../model/failures/failure.js';
import { describeOutcome, failureOf } from '../../model/failures/kubeadm.js';
import { initLines, joinLines } from '../../model/plan.js';
import { definitionOf } from '../../model/operations.js';
import { budgeted, bounded, titled } from '../activity-proxies.js';
import type { Step, StepTools } from '../step.js';
import { beforeOf, checkedIn } from './state.js';
import type { JoinState } from './state.js';

export const credentials: Step<JoinState> = {
  id: 'credentials',
  title: ({ target }) => `create short-lived join credentials for ${target.name}`,
  changes: true,
  run: async (state) => {
    const { context } = state;
    const made = await titled(bounded.createCredentials, `join credentials for ${context.target.name}`, context);
    state.credentialsUntilMs = Date.parse(made.expiresAt);
    return `token ${made.tokenId} until ${made.expiresAt}, made on ${made.mintedOn}`;
  },
  undo: {
    title: ({ target }) => `revoke the join credentials of ${target.name}`,
    run: ({ context }) =>
      titled(bounded.revokeCredentials, `revoke the credentials of ${context.target.name}`, context),
  },
};

export const writeInitConfiguration: Step<JoinState> = {
  id: 'configure',
  title: ({ target }) => `write the kubeadm configuration on ${target.name}`,
  changes: true,
  run: ({ context }) =>
    titled(bounded.writeInitConfiguration, `kubeadm configuration on ${context.target.name}`, context),
  undo: {
    title: ({ target }) => `delete the kubeadm configuration on ${target.name}`,
    run: ({ context }) =>
      titled(bounded.revokeCredentials, `delete the configuration on ${context.target.name}`, context),
  },
};

/**
 * After a kubeadm that did not succeed the world decides (invariant 3): a host that is a voter with a bootstrapped
 * kubelet has joined whatever the exit status says; anything else is a typed failure, with what was seen.
 */
const judge = async (state: JoinState, outcome: UnitOutcome): Promise<string> => {
  const { context } = state;
  if (outcome.state === 'succeeded') return describeOutcome(outcome);
  // There is no other member to ask about a first one: its own output is all there is.
  if (definitionOf(context).makesCluster) throw failureOf(context, outcome, undefined, []);
  const seen = await titled(bounded.readJoin, `read what became of ${context.target.name}`, context);
  const memberDone = !definitionOf(context).hasEtcdMember || seen.member === 'voter';
  if (memberDone && seen.kubeletBootstrapped && seen.node !== undefined) {
    return `${describeOutcome(outcome)}, but ${context.target.name} has joined: going on with the proof`;
  }
  throw failureOf(context, outcome, seen, [
    `etcd member: ${seen.member}; Node: ${seen.node === undefined ? 'none' : seen.node.ready ? 'Ready' : 'NotReady'}; certificate of the kubelet by this cluster: ${seen.kubeletBootstrapped ? 'yes' : 'no'}`,
    ...seen.evidence,
  ]);
};

/** kubeadm's own time-outs of discovery and TLS bootstrap, five minutes each, in which it needs its token. */
const discoveryMs = 10 * 60_000;

/** Credentials, or the configuration that held them, are made again once without asking. */
const makeAgainOnce: NonNullable<Step<JoinState>['recoverFrom']> = (type, times) =>
  failureClasses[type] === 'credential' && times === 0 ? { step: 'read', afterMs: 0 } : undefined;

const begin = (state: JoinState, verb: 'init' | 'join', { attaching }: StepTools): Promise<UnitOutcome> =>
  titled(
    budgeted(state.context).runKubeadm,
    `kubeadm ${verb} ${state.context.target.name}`,
    state.context,
    checkedIn(state),
    ...(attaching ? [{ attach: true }] : []),
  );

export const join: Step<JoinState> = {
  id: 'join',
  title: ({ target }) => `kubeadm join on ${target.name}`,
  changes: true,
  budgetMs: ({ policy }) => policy.joinBudgetMs,
  plan: joinLines,
  lapsedBefore: ({ credentialsUntilMs, begunInRound, context }, nowMs) =>
    begunInRound !== context.round && credentialsUntilMs !== undefined && credentialsUntilMs - nowMs < discoveryMs
      ? credentials.id
      : undefined,
  // What a failed join leaves on the host is cleaned before the next try, so a retry begins with reading.
  restsOn: 'read',
  attaches: true,
  // Discovery and download-certs write nothing that a new token could not use.
  recoverFrom: makeAgainOnce,
  run: async (state, tools) => {
    state.begunInRound = state.context.round;
    return judge(state, await begin(state, 'join', tools));
  },
  undo: {
    title: ({ target }) => `take ${target.name} out of the cluster again and clean it`,
    run: (state) =>
      titled(
        budgeted(state.context).undoJoin,
        `undo the join of ${state.context.target.name}`,
        state.context,
        beforeOf(state),
      ),
  },
};

export const init: Step<JoinState> = {
  id: 'init',
  title: ({ target }) => `kubeadm init on ${target.name}`,
  changes: true,
  budgetMs: ({ policy }) => policy.joinBudgetMs,
  plan: initLines,
  restsOn: 'read',
  attaches: true,
  recoverFrom: makeAgainOnce,
  run: async (state, tools) => {
    state.begunInRound = state.context.round;
    return judge(state, await begin(state, 'init', tools));
  },
  undo: {
    title: ({ target }) => `clean ${target.name} again`,
    run: (state) =>
      titled(
        budgeted(state.context).undoInit,
        `undo the init of ${state.context.target.name}`,
        state.context,
        beforeOf(state),
      ),
  },
};

export const revoke: Step<JoinState> = {
  id: 'revoke',
  title: () => 'revoke the credentials and delete what was written below /run/quorate',
  changes: true,
  retriedInPlace: 'the host is proven: only what the operation itself has lent is left to take back',
  // A host that joined by itself after a failed try has the credentials of that try.
  skipWhen: (state) => (state.joinedBefore === true ? 'the host was a member before' : undefined),
  run: ({ context }) => titled(bounded.revokeCredentials, `revoke the credentials of ${context.target.name}`, context),
};
