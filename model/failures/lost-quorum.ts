import type { EtcdFacts } from '../facts/cluster-facts.js';
import { QuorateError } from './failure.js';
import type { OperationContext } from '../operation.js';
import { memberLabel, quorumOf } from '../etcd/quorum.js';

/**
 * The failure when a majority of the voters is silent: without it there is no API server, and no waiting brings one.
 * @returns undefined when enough voters answer, or none was asked
 */
export const lostQuorum = (
  { cluster }: Pick<OperationContext, 'cluster'>,
  etcd: EtcdFacts | undefined,
): QuorateError | undefined => {
  const voters = (etcd?.members ?? []).filter(({ isLearner }) => !isLearner);
  const silent = voters.filter(({ status }) => status === undefined);
  const answer = voters.length - silent.length;
  if (etcd === undefined || answer >= quorumOf(voters.length)) return undefined;
  const names = silent.map(memberLabel).join(', ');
  return new QuorateError(
    'QuorumAtRisk',
    `etcd of ${cluster} has lost quorum: ${answer} of ${voters.length} voters answer, ${quorumOf(voters.length)} are needed; no change is possible`,
    {
      remedy: `bring ${names} back, then retry; when they are gone for good, restore etcd from a snapshot on ${etcd.askedAt}`,
      evidence: voters.map((one) => `${memberLabel(one)}: ${one.status === undefined ? 'does not answer' : 'answers'}`),
    },
  );
};
