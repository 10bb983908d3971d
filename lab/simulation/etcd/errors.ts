/** What etcd answers instead of doing it, in its own words (3.7.0). */
export class EtcdError extends Error {
  override readonly name = 'EtcdError';
  constructor(
    message: string,
    /** gRPC's code: 2 unknown, 4 deadline exceeded, 9 failed precondition, 14 unavailable. */
    readonly code = 9,
  ) {
    super(message);
  }
}

export const refusals = {
  unhealthyCluster: () => new EtcdError('etcdserver: unhealthy cluster', 14),
  tooManyLearners: () => new EtcdError('etcdserver: too many learner members in cluster'),
  peerUrlExists: () => new EtcdError('etcdserver: Peer URLs already exists'),
  memberNotFound: () => new EtcdError('etcdserver: member not found', 5),
  notEnoughStarted: () => new EtcdError('etcdserver: re-configuration failed due to not enough started members'),
  learnerNotReady: () => new EtcdError('etcdserver: can only promote a learner member which is in sync with leader'),
  notLearner: () => new EtcdError('etcdserver: can only promote a learner member'),
  notForLearner: () => new EtcdError('etcdserver: rpc not supported for learner', 14),
  badTransferee: () => new EtcdError('etcdserver: bad leader transferee'),
  noLeader: () => new EtcdError('etcdserver: no leader', 14),
  noSpace: () => new EtcdError('etcdserver: mvcc: database space exceeded', 8),
};
