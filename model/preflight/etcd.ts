import { isHealthyVoter, type ClusterFacts, type EtcdMember } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import { isAtAddress, type MemberDecision } from '../etcd/member-decision.js';
import type { OperationContext } from '../operation.js';
import {
  isStarted,
  memberLabel,
  projectAddition,
  projectRemoval,
  quorumState,
  type RefusalReason,
} from '../etcd/quorum.js';
import { approval, fatal, type Finding } from './finding.js';
import { memberDecision } from './ownership.js';

const codeOf = (reason: RefusalReason): 'EtcdUnhealthy' | 'QuorumAtRisk' =>
  reason === 'learner-pending' ? 'EtcdUnhealthy' : 'QuorumAtRisk';

const listMembers = (members: readonly EtcdMember[]): string[] =>
  members.map((member) => {
    const kind = member.isLearner ? 'learner' : 'voter';
    const health = member.status === undefined ? 'does not answer' : member.status.errors.join(', ') || 'healthy';
    return `${memberLabel(member)} ${member.peerUrls.join(', ')}: ${kind}, ${health}`;
  });

type Stale = Extract<MemberDecision, { kind: 'remove-stale-learner' | 'remove-stale-voter' }>;

const isStale = (decision: MemberDecision | undefined): decision is Stale =>
  decision?.kind === 'remove-stale-learner' || decision?.kind === 'remove-stale-voter';

/** This host's own stale member, by what the projection says and the policy allows. */
const ownFindings = (
  context: OperationContext,
  { member, projection }: Stale,
  evidence: readonly string[],
): Finding[] => {
  const { name } = context.target;
  const kind = member.isLearner ? 'learner' : 'voter';
  const message = `etcd still holds the stale ${kind} ${memberLabel(member)} of ${name}`;
  if (!projection.allowed)
    return [
      fatal(
        codeOf(projection.reason),
        `${message}, and it cannot be removed: ${projection.because}`,
        'bring the other members back first (`quorate status`), then retry',
        evidence,
      ),
    ];
  switch (context.policy.removeStaleMembers) {
    case 'when-safe':
      return [];
    case 'approve':
      return [approval(member.id, 'StaleMember', message, `approve its removal: ${projection.text}`, evidence)];
    case 'never':
      return [
        fatal(
          'StaleMember',
          message,
          `policy.removeStaleMembers is never: remove it with \`etcdctl member remove ${member.id}\`, then retry`,
          evidence,
        ),
      ];
  }
};

/** Members of others that keep etcd from taking a new one: it answers "unhealthy cluster" or "too many learner members". */
const otherFindings = (
  context: OperationContext,
  rest: readonly EtcdMember[],
  evidence: readonly string[],
): Finding[] => {
  const declared = new Set(context.controlPlane.map((host) => host.name));
  return rest
    .filter((member) => !isHealthyVoter(member))
    .map((member) => {
      const peer = member.peerUrls.join(', ');
      const removal = projectRemoval(rest, member.id);
      const remove = removal.allowed
        ? `\`etcdctl member remove ${member.id}\` (${removal.text})`
        : 'only when the others are back';
      const owner = context.controlPlane.find((host) => isAtAddress(member, host.address))?.name;
      // A plan is made beside an operation that runs: what that is about to start must not be removed under it.
      if (owner !== undefined && (member.isLearner || !isStarted(member)))
        return fatal(
          'EtcdUnhealthy',
          `etcd holds a ${member.isLearner ? 'learner' : 'member that never started'} ${member.id} (${peer}) of ${owner}, whose join has not ended; it blocks every other join`,
          `let the operation on ${owner} end (\`quorate operations list\`); when there is none, join ${owner} again: that removes or goes on with what is its own`,
          evidence,
        );
      if (member.isLearner || !isStarted(member))
        return fatal(
          'EtcdUnhealthy',
          `etcd holds a ${member.isLearner ? 'learner' : 'member that never started'} ${member.id} (${peer}) that belongs to no running operation; it blocks every join`,
          `remove it: ${remove}; then retry`,
          evidence,
        );
      const because = member.status === undefined ? 'is down' : `reports ${member.status.errors.join(', ')}`;
      return declared.has(member.name ?? '')
        ? fatal(
            'EtcdUnhealthy',
            `etcd member ${memberLabel(member)} ${because}; etcd takes no new member while a voter is away`,
            `bring etcd on ${member.name} back (\`quorate status\`), then retry`,
            evidence,
          )
        : fatal(
            'StaleMember',
            `etcd member ${member.name} (${peer}) ${because} and not in the specification; etcd takes no new member while a voter is away`,
            `when ${member.name} is gone for good, remove it: ${remove}; then retry`,
            evidence,
          );
    });
};

/** Whether etcd can take the host as a new member. */
export const etcdFindings = (context: OperationContext, host: HostFacts, cluster: ClusterFacts): Finding[] => {
  if (cluster.etcd === undefined)
    return [
      fatal(
        'EtcdUnavailable',
        `the etcd members of ${context.cluster} could not be read`,
        'see that etcd answers on the control-plane hosts (`quorate status`), then retry',
        cluster.controlPlane.map((one) => `${one.host}: ${one.because ?? (one.ready ? 'ready' : 'not ready')}`),
      ),
    ];
  const { members } = cluster.etcd;
  const evidence = listMembers(members);
  const decision = memberDecision(context, host, cluster);
  if (decision?.kind === 'conflict')
    return [
      fatal(
        'IdentityConflict',
        decision.because,
        `find out which machine that member is; nothing is touched. Correct spec.hosts.${context.target.name}, or remove the member there`,
        evidence,
      ),
    ];
  const own = isStale(decision) ? ownFindings(context, decision, evidence) : [];
  const rest = isStale(decision) ? members.filter((member) => member.id !== decision.member.id) : members;
  if (own.some((one) => one.code === 'QuorumAtRisk')) return own; // says it all
  const now = quorumState(members);
  const addition = projectAddition(rest);
  if (!addition.allowed && addition.reason === 'quorum-lost')
    return [
      fatal(
        'QuorumAtRisk',
        addition.because,
        `bring the members back; ${now.healthy} of ${now.voters} answer`,
        evidence,
      ),
    ];
  const others = [...own, ...otherFindings(context, rest, evidence)];
  return others.some((one) => one.severity === 'fatal') || addition.allowed
    ? others
    : [
        ...others,
        fatal(
          codeOf(addition.reason),
          addition.because,
          'bring the members back (`quorate status`), then retry',
          evidence,
        ),
      ];
};
