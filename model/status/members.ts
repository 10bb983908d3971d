import { isHealthyVoter } from '../facts/cluster-facts.js';
import type { ClusterFacts } from '../facts/cluster-facts.js';
import { isStarted } from '../etcd/quorum.js';
import type { EtcdMemberStatus } from './status.js';

/** Each member of etcd with its role, and how far it is behind the leader; empty when no etcd answered. */
export const memberStatus = (facts: ClusterFacts): EtcdMemberStatus[] => {
  const members = facts.etcd?.members ?? [];
  const leader = members.find((member) => member.status?.isLeader === true);
  return members.map((member) => {
    const { status } = member;
    const role = !isStarted(member)
      ? 'unstarted'
      : member.isLearner
        ? 'learner'
        : status?.isLeader === true
          ? 'leader'
          : 'voter';
    const healthy = member.isLearner ? status !== undefined : isHealthyVoter(member);
    const because = status === undefined ? 'does not answer' : status.errors.join(', ');
    return {
      ...(member.name === undefined ? {} : { name: member.name }),
      id: member.id,
      role,
      healthy,
      ...(healthy || because === '' ? {} : { because }),
      ...(status === undefined
        ? {}
        : {
            ...(leader?.status === undefined
              ? {}
              : { behind: Math.max(0, leader.status.raftIndex - status.raftAppliedIndex) }),
            dbSizeBytes: status.dbSizeBytes,
            version: status.version,
          }),
    };
  });
};
