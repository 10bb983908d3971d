import type { EtcdMember } from '../facts/cluster-facts.js';
import { sameUrl, urlHost } from '../network-address.js';
import { isStarted, memberLabel, projectRemoval, type QuorumProjection } from './quorum.js';

export type MemberDecision =
  /** No member belongs to this host. */
  | { readonly kind: 'join' }
  | { readonly kind: 'remove-stale-learner'; readonly member: EtcdMember; readonly projection: QuorumProjection }
  | { readonly kind: 'remove-stale-voter'; readonly member: EtcdMember; readonly projection: QuorumProjection }
  /** A voter with its data on this host: verify and go on from there, never reset. */
  | { readonly kind: 'already-joined'; readonly member: EtcdMember }
  /** The member belongs to something else: touch nothing. */
  | { readonly kind: 'conflict'; readonly member: EtcdMember; readonly because: string };

export interface MemberQuestion {
  /** Read from a voter of the cluster, with the status of each. */
  readonly members: readonly EtcdMember[];
  readonly host: { readonly name: string; readonly address: string };
  /** /var/lib/etcd of the host is not empty. */
  readonly etcdDataPresent: boolean;
  /** Whether the host's CA is this cluster's; undefined when the host has none. */
  readonly sameCluster?: boolean | undefined;
}

/** Peer URL of the member that kubeadm makes for a host. */
export const peerUrlOf = (address: string): string => `https://${urlHost(address)}:2380`;

/** Whether a member has the peer URL of a host, however its address is spelt. */
export const isAtAddress = ({ peerUrls }: Pick<EtcdMember, 'peerUrls'>, address: string): boolean =>
  peerUrls.some((url) => sameUrl(url, peerUrlOf(address)));

/** Members that are a host's, by the peer URL of its address or by its name. */
export const membersOfHost = (
  host: { readonly name: string; readonly address: string },
  members: readonly EtcdMember[],
): EtcdMember[] => members.filter((member) => member.name === host.name || isAtAddress(member, host.address));

const answers = (member: EtcdMember): boolean => member.status !== undefined;

const decideOne = (member: EtcdMember, question: MemberQuestion): MemberDecision => {
  const { members, host, etcdDataPresent, sameCluster } = question;
  const atOurAddress = isAtAddress(member, host.address);
  const label = memberLabel(member);
  const conflict = (because: string): MemberDecision => ({ kind: 'conflict', member, because });
  const remove = (): MemberDecision => ({
    kind: member.isLearner ? 'remove-stale-learner' : 'remove-stale-voter',
    member,
    projection: projectRemoval(members, member.id),
  });

  if (!isStarted(member)) return remove();
  if (!atOurAddress)
    return answers(member)
      ? conflict(
          `etcd member ${label} answers at ${member.peerUrls.join(', ')}, not at ${host.address}: another machine is called ${host.name}`,
        )
      : remove();
  if (answers(member) && member.name !== host.name)
    return conflict(`the address ${host.address} of ${host.name} belongs to the running etcd member ${label}`);
  if (!etcdDataPresent)
    // kubeadm would take the entry over, and etcd crash-loops on an empty directory under an old voter's id.
    return answers(member)
      ? conflict(
          `etcd member ${label} answers at ${host.address}, but ${host.name} holds no etcd data: another machine has its address`,
        )
      : remove();
  if (sameCluster === false)
    return conflict(`etcd member ${label} has the address of ${host.name}, whose etcd data belongs to another cluster`);
  // Without a CA on the host the member cannot run: what is left of it is only data.
  if (member.isLearner || member.name !== host.name || (sameCluster === undefined && !answers(member))) return remove();
  return { kind: 'already-joined', member };
};

const order: readonly MemberDecision['kind'][] = [
  'conflict',
  'remove-stale-learner',
  'remove-stale-voter',
  'already-joined',
];

/**
 * What to do about the etcd members of one control-plane host before it joins. A member is the host's by its peer URL or
 * by its name. The membership lock must be held: a learner of the host then belongs to no running operation, and is removed.
 * Removing one at a time, ask again with a fresh list until the answer is no removal.
 */
export const decideMember = (question: MemberQuestion): MemberDecision => {
  const decisions = membersOfHost(question.host, question.members)
    .map((member) => decideOne(member, question))
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return decisions[0] ?? { kind: 'join' };
};
