import { row, says } from './row.js';
import type { FailureRow } from './row.js';

/** Joining etcd. */
export const etcdFailures: FailureRow[] = [
  row(
    'F26',
    says('etcd cluster is not healthy'),
    'EtcdUnhealthy',
    'a member of etcd does not answer',
    'bring the member back or remove it, then retry',
  ),
  row(
    'F26',
    says('unhealthy cluster'),
    'EtcdUnhealthy',
    'etcd takes no change of its members now: one is not connected, or one joined just before',
    'retry; when it happens again, bring the disconnected member back or remove it',
  ),
  row(
    'F27',
    says('Peer URLs already exists', 'member ID already exist'),
    'StaleMember',
    ({ host }) => `etcd has a member with the address of ${host} already`,
    'remove the stale member, then retry',
  ),
  row(
    'F28',
    says('too many learner members'),
    'EtcdUnhealthy',
    'a learner is pending in etcd, and it takes only one',
    'remove the orphaned learner, then retry',
  ),
  row(
    'F29',
    says('can only promote a learner member which is in sync'),
    'MemberNotVoter',
    ({ host }) => `the etcd member of ${host} did not catch up with the leader`,
    ({ host }) =>
      `see that ${host} and the leader reach each other on port 2380 and that its disk is fast enough, then retry`,
  ),
  row(
    'F30',
    says(/can only promote a learner member(?! which)/),
    'KubeadmFailed',
    ({ host }) => `the etcd member of ${host} votes already, although kubeadm saw an error`,
    'nothing to mend in etcd: finish the join from the next phase',
  ),
  row(
    undefined,
    says('error creating local etcd static pod manifest file'),
    'KubeadmFailed',
    ({ host }) => `etcd on ${host} did not join`,
    ({ host }) => `see \`crictl logs\` of the etcd container on ${host}`,
  ),
  row(
    undefined,
    says('timeout waiting for etcd cluster to be available'),
    'EtcdUnhealthy',
    'etcd was not available after the new member began to vote',
    'read the members from another control-plane host before anything else',
  ),
  row(
    'F27',
    says(/tocommit\([\s\S]*is out of range/),
    'StaleMember',
    ({ host }) => `etcd on ${host} started empty as a member that had data`,
    'remove the stale member, then retry',
  ),
  row(
    undefined,
    says('permanently removed from the cluster'),
    'EtcdUnhealthy',
    ({ host }) => `the etcd member of ${host} was removed while it ran`,
    'see who removed it; then retry',
  ),
];
