import type { EtcdMember } from '../../../model/facts/cluster-facts.js';

/** The n-th member (cp<n> at 10.203.0.1<n>): a healthy voter, the first one leads. */
export const member = (n: number, changes: Partial<EtcdMember> = {}): EtcdMember => ({
  id: `a${n.toString(16)}`,
  name: `cp${n}`,
  peerUrls: [`https://10.203.0.1${n}:2380`],
  clientUrls: [`https://10.203.0.1${n}:2379`],
  isLearner: false,
  status: { isLeader: n === 1, version: '3.7.0', dbSizeBytes: 1, raftIndex: 9, raftAppliedIndex: 9, errors: [] },
  ...changes,
});

/** In the list, but its endpoint does not answer. */
export const dead = (n: number, changes: Partial<EtcdMember> = {}): EtcdMember => {
  const { status: _, ...rest } = member(n);
  return { ...rest, ...changes };
};

/** Added but never started, as etcd lists it: no name, no client URL. */
export const unstarted = (n: number, isLearner: boolean): EtcdMember => {
  const { name: _, ...rest } = dead(n, { isLearner, clientUrls: [] });
  return rest;
};

export const members = (count: number): EtcdMember[] => Array.from({ length: count }, (_, index) => member(index + 1));
