import type { JoinFacts } from '../facts/join-facts.js';
import type { UnitOutcome } from '../facts/unit-outcome.js';
import { QuorateError } from './failure.js';
import type { FailureType } from './failure.js';
import type { OperationContext } from '../operation.js';

const endings: Readonly<Record<UnitOutcome['state'], string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  killed: 'was killed',
  'timed-out': 'was stopped, as it took longer than policy.budgets.join',
  interrupted: 'was interrupted',
};

/** Such as `kubeadm failed (exit status 1) at "kubelet-start"`. */
export const describeOutcome = (outcome: UnitOutcome): string =>
  `kubeadm ${endings[outcome.state]}${outcome.exitStatus === undefined ? '' : ` (exit status ${outcome.exitStatus})`}${outcome.phase === undefined ? '' : ` at "${outcome.phase}"`}`;

type KubeadmFailure = NonNullable<UnitOutcome['failure']>;

/** Failures that a lost endpoint explains: kubeadm itself only sees that it waited in vain. */
const explainedByEndpoint: readonly FailureType[] = [
  'EndpointUnreachable',
  'ApiUnavailable',
  'KubeadmFailed',
  'TlsBootstrapStuck',
];

/** Failures of a kubeadm that waited in vain for the etcd member it had added; its message depends on the last refusal. */
const waitsForMember: readonly FailureType[] = ['MemberNotVoter', 'KubeadmFailed'];

/** The cause, where the facts show one: the kubelet does not run, or nobody, or only this host, fails to reach the endpoint. */
const withCause = (
  failure: KubeadmFailure,
  { endpoint, member, kubelet }: JoinFacts,
  context: OperationContext,
): KubeadmFailure => {
  const { name } = context.target;
  // kubeadm waits for the member, and the member for its kubelet.
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

/**
 * The failure of a kubeadm that did not succeed, named after its cause where the facts show one: kubeadm's own message
 * often names only what it waited for.
 *
 * @param joined what was read on the host and at a survivor since; absent where nobody can be asked
 * @param seen lines for the evidence, after the last ten of kubeadm's own
 */
export const failureOf = (
  context: OperationContext,
  outcome: UnitOutcome,
  joined: JoinFacts | undefined,
  seen: readonly string[],
): QuorateError => {
  const said = outcome.failure ?? {
    type: outcome.state === 'interrupted' ? ('HostRebooted' as const) : ('KubeadmFailed' as const),
    message: `${describeOutcome(outcome)} on ${context.target.name}`,
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
