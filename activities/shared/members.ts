import { readEtcd } from '../../adapters/etcd/read-etcd.js';
import type { Host } from '../../adapters/ssh/types.js';
import type { EtcdMember } from '../../model/facts/cluster-facts.js';
import { membersOfHost } from '../../model/etcd/member-decision.js';
import type { OperationContext } from '../../model/operation.js';

/** The etcd members of the target, as a survivor lists them. @throws QuorateError EtcdUnavailable */
export const readMembersOfTarget = async (
  { target }: Pick<OperationContext, 'target'>,
  survivor: Host,
): Promise<EtcdMember[]> => membersOfHost(target, (await readEtcd(survivor)).members);
