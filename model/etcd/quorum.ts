import { isHealthyVoter, type EtcdMember } from '../facts/cluster-facts.js';

/** Voters that must agree, of `voters`. */
export const quorumOf = (voters: number): number => Math.floor(voters / 2) + 1;

/** Voters that may fail while the rest still agrees, when all are healthy. */
export const tolerates = (voters: number): number => Math.max(0, voters - quorumOf(voters));

export interface QuorumState {
  /** Members with a vote, started or not. */
  readonly voters: number;
  readonly healthy: number;
  readonly quorum: number;
  readonly tolerates: number;
}

export type RefusalReason =
  | 'last-member' // nothing would be left
  | 'learner-pending' // another change of members is not finished
  | 'quorum-lost' // etcd can agree on nothing now, not even on the change
  | 'quorum-at-risk'; // the voters left over would have no healthy majority

export type QuorumProjection =
  | {
      readonly allowed: true;
      /** The member to be removed is not there: nothing to do, and a success. */
      readonly alreadyGone?: true;
      readonly before: QuorumState;
      readonly after: QuorumState;
      /** Such as "voters 3 → 2, tolerates 1 → 0". */
      readonly text: string;
    }
  | {
      readonly allowed: false;
      readonly reason: RefusalReason;
      /** One sentence for the operator. */
      readonly because: string;
      readonly before: QuorumState;
      readonly after: QuorumState;
      readonly text: string;
    };

/** A member that started has a name; etcd leaves the name out of the member list until then. */
export const isStarted = (member: EtcdMember): boolean => member.name !== undefined && member.name !== '';

/** Name and id of a member as messages show it. */
export const memberLabel = (member: EtcdMember): string =>
  isStarted(member)
    ? `${member.name} (id ${member.id})`
    : `(never started, id ${member.id}, ${member.peerUrls[0] ?? 'no peer URL'})`;

const state = (voters: number, healthy: number): QuorumState => ({
  voters,
  healthy,
  quorum: quorumOf(voters),
  tolerates: tolerates(voters),
});

/** How the votes of a member list stand now. */
export const quorumState = (members: readonly EtcdMember[]): QuorumState => {
  const voters = members.filter((member) => !member.isLearner);
  return state(voters.length, voters.filter(isHealthyVoter).length);
};

const describe = (before: QuorumState, after: QuorumState): string => {
  const change =
    before.voters === after.voters
      ? `voters stay ${before.voters}, tolerates ${before.tolerates}`
      : `voters ${before.voters} → ${after.voters}, tolerates ${before.tolerates} → ${after.tolerates}`;
  return before.healthy === before.voters
    ? change
    : `${change} (healthy ${before.healthy} of ${before.voters} → ${after.healthy} of ${after.voters})`;
};

/** A learner, or a member that never started: an addition that nobody finished. */
const isPending = (member: EtcdMember): boolean => member.isLearner || !isStarted(member);

const pendingRefusal = (members: readonly EtcdMember[]): string | undefined => {
  const pending = members.find(isPending);
  if (pending === undefined) return undefined;
  const kind = pending.isLearner ? 'a learner' : 'a voter that never started';
  return `etcd holds ${kind} ${memberLabel(pending)}: another change of members is not finished`;
};

const lostRefusal = (members: readonly EtcdMember[], now: QuorumState): string | undefined => {
  if (now.healthy >= now.quorum) return undefined;
  const down = members.filter((member) => !member.isLearner && !isHealthyVoter(member)).map(memberLabel);
  return `etcd has lost quorum: ${now.healthy} of ${now.voters} voters healthy, ${now.quorum} needed; no change is possible until ${down.join(' and ')} ${down.length === 1 ? 'is' : 'are'} back, or a restore is confirmed`;
};

const refuse = (reason: RefusalReason, because: string, before: QuorumState, after: QuorumState): QuorumProjection => ({
  allowed: false,
  reason,
  because,
  before,
  after,
  text: describe(before, after),
});

/**
 * Whether a member may be removed from this list, by Cluster API's rule: a majority of the voters left over is healthy.
 * The member itself may be dead or a learner; any other learner refuses. As the removal must itself be agreed on,
 * a list that has lost quorum refuses too. Project again on a fresh list immediately before the removal.
 * @param members read from a survivor, with the status of each
 */
export const projectRemoval = (members: readonly EtcdMember[], memberId: string): QuorumProjection => {
  const before = quorumState(members);
  const removed = members.find((member) => member.id === memberId);
  if (removed === undefined)
    return {
      allowed: true,
      alreadyGone: true,
      before,
      after: before,
      text: `already gone, voters stay ${before.voters}`,
    };
  const rest = members.filter((member) => member.id !== memberId);
  const after = quorumState(rest);
  if (after.voters === 0)
    return refuse(
      'last-member',
      `${memberLabel(removed)} is the last voter; without it the data is lost`,
      before,
      after,
    );
  const pending = pendingRefusal(rest);
  if (pending !== undefined) return refuse('learner-pending', pending, before, after);
  const lost = lostRefusal(members, before);
  if (lost !== undefined) return refuse('quorum-lost', lost, before, after);
  if (after.healthy < after.quorum)
    return refuse(
      'quorum-at-risk',
      `removing ${memberLabel(removed)} would leave ${after.healthy} of ${after.voters} voters healthy, ${after.quorum} needed`,
      before,
      after,
    );
  return { allowed: true, before, after, text: describe(before, after) };
};

/**
 * Whether one more voter may be added. The new member counts as unhealthy, the worst case, but for the first two:
 * there the cluster cannot grow otherwise. etcd itself is stricter while a voter is disconnected ("unhealthy cluster");
 * the preflight looks at that.
 */
export const projectAddition = (members: readonly EtcdMember[]): QuorumProjection => {
  const before = quorumState(members);
  const assumedHealthy = before.voters < 2 ? 1 : 0;
  const after = state(before.voters + 1, before.healthy + assumedHealthy);
  const pending = pendingRefusal(members);
  if (pending !== undefined) return refuse('learner-pending', pending, before, after);
  const lost = before.voters === 0 ? undefined : lostRefusal(members, before);
  if (lost !== undefined) return refuse('quorum-lost', lost, before, after);
  if (after.healthy < after.quorum)
    return refuse(
      'quorum-at-risk',
      `with one more voter ${after.quorum} of ${after.voters} are needed, and only ${after.healthy} are known to be healthy`,
      before,
      after,
    );
  return { allowed: true, before, after, text: describe(before, after) };
};
