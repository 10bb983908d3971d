import type { JoinFacts, UnitOutcome } from '../../activities/contract.js';
import { failureClasses, QuorateError } from '../../model/failure.js';
import type { FailureType } from '../../model/failure.js';
import type { OperationContext } from '../../model/operation.js';
import { initLines, joinLines } from '../../model/plan.js';
import { definitionOf } from '../../model/operations.js';
import { long, short, titled } from '../activities.js';
import type { Step, StepTools } from '../step.js';
import { beforeOf, checkedIn } from './state.js';
import type { JoinState } from './state.js';

export const credentials: Step<JoinState> = {
  id: 'credentials',
  title: ({ target }) => `create short-lived join credentials for ${target.name}`,
  changes: true,
  run: async (state) => {
    const { context } = state;
    const made = await titled(short.createCredentials, `join credentials for ${context.target.name}`, context);
    state.credentialsUntilMs = Date.parse(made.expiresAt);
    return `token ${made.tokenId} until ${made.expiresAt}, made on ${made.mintedOn}`;
  },
  undo: {
    title: ({ target }) => `revoke the join credentials of ${target.name}`,
    run: ({ context }) => titled(short.revokeCredentials, `revoke the credentials of ${context.target.name}`, context),
  },
};

export const writeInitConfiguration: Step<JoinState> = {
  id: 'configure',
  title: ({ target }) => `write the kubeadm configuration on ${target.name}`,
  changes: true,
  run: ({ context }) =>
    titled(short.writeInitConfiguration, `kubeadm configuration on ${context.target.name}`, context),
  undo: {
    title: ({ target }) => `delete the kubeadm configuration on ${target.name}`,
    run: ({ context }) =>
      titled(short.revokeCredentials, `delete the configuration on ${context.target.name}`, context),
  },
};

const endings: Readonly<Record<UnitOutcome['state'], string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  killed: 'was killed',
  'timed-out': 'was stopped, as it took longer than policy.budgets.join',
  interrupted: 'was interrupted',
};

const describe = (outcome: UnitOutcome): string =>
  `kubeadm ${endings[outcome.state]}${outcome.exitStatus === undefined ? '' : ` (exit status ${outcome.exitStatus})`}${outcome.phase === undefined ? '' : ` at "${outcome.phase}"`}`;

type KubeadmFailure = NonNullable<UnitOutcome['failure']>;

/** Failures that a lost endpoint explains: kubeadm sees only that what it waited for did not come. */
const explainedByEndpoint: readonly FailureType[] = [
  'EndpointUnreachable',
  'ApiUnavailable',
  'KubeadmFailed',
  'TlsBootstrapStuck',
];

/** Failures of a kubeadm that waited in vain for the member it had added; its words differ with how it was refused last. */
const waitsForMember: readonly FailureType[] = ['MemberNotVoter', 'KubeadmFailed'];

/** The cause, where the world shows it: a kubelet that does not run, an endpoint that nobody reaches, or only this host does not. */
const withCause = (
  failure: KubeadmFailure,
  { endpoint, member, kubelet }: JoinFacts,
  context: OperationContext,
): KubeadmFailure => {
  const { name } = context.target;
  // kubeadm waits for the member, and that for its kubelet.
  if (waitsForMember.includes(failure.type) && member === 'unstarted' && kubelet !== undefined && kubelet !== 'active')
    return {
      type: 'KubeletNotRunning',
      message: `the kubelet on ${name} does not run (${kubelet}), so its etcd never started; ${failure.message}`,
      remedy: `see \`journalctl -u kubelet\` on ${name}, mend the cause, then retry`,
      evidence: failure.evidence,
    };
  if (endpoint === 'reached' || !explainedByEndpoint.includes(failure.type)) return failure;
  const nobody = endpoint === 'nobody-reaches-it';
  return {
    type: nobody ? 'LoadBalancerUnavailable' : 'EndpointUnreachable',
    message: `${nobody ? 'nobody reaches' : `${context.target.name} does not reach`} a ready API server through ${context.endpoint}; ${failure.message}`,
    remedy: nobody
      ? `bring the load balancer at ${context.endpoint} back, then retry`
      : `mend the way from ${context.target.name} to ${context.endpoint}, then retry`,
    evidence: failure.evidence,
  };
};

const failureOf = (
  context: OperationContext,
  outcome: UnitOutcome,
  joined: JoinFacts | undefined,
  seen: readonly string[],
): QuorateError => {
  const said = outcome.failure ?? {
    type: outcome.state === 'interrupted' ? ('HostRebooted' as const) : ('KubeadmFailed' as const),
    message: `${describe(outcome)} on ${context.target.name}`,
    // What a retry does is decided from the world (decideMember): a voter with its data is never reset.
    remedy:
      joined?.member === 'voter'
        ? `read the evidence, mend the cause, then retry: ${context.target.name} votes in etcd already, so the operation goes on from there and does not reset it`
        : 'read the evidence, mend the cause, then retry: the operation cleans the host first',
    evidence: [],
  };
  const failure = joined === undefined ? said : withCause(said, joined, context);
  return new QuorateError(failure.type, failure.message, {
    host: context.target.name,
    remedy: failure.remedy,
    evidence: [...failure.evidence.slice(-10), ...seen, `log on ${context.target.name}: ${outcome.logFile}`],
  });
};

/**
 * After a kubeadm that did not succeed the world decides (invariant 3): a host that is a voter with a bootstrapped
 * kubelet has joined whatever the exit status says; anything else is a typed failure, with what was seen.
 */
const judge = async (state: JoinState, outcome: UnitOutcome): Promise<string> => {
  const { context } = state;
  if (outcome.state === 'succeeded') return describe(outcome);
  // There is no other member to ask about a first one: its own output is all there is.
  if (definitionOf(context).makesCluster) throw failureOf(context, outcome, undefined, []);
  const seen = await titled(short.readJoin, `read what became of ${context.target.name}`, context);
  const memberDone = !definitionOf(context).hasEtcdMember || seen.member === 'voter';
  if (memberDone && seen.kubeletBootstrapped && seen.node !== undefined) {
    return `${describe(outcome)}, but ${context.target.name} has joined: going on with the proof`;
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
    long(state.context).runKubeadm,
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
        long(state.context).undoJoin,
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
        long(state.context).undoInit,
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
  run: ({ context }) => titled(short.revokeCredentials, `revoke the credentials of ${context.target.name}`, context),
};
