import { z } from 'zod';
import type { ClusterFacts } from './facts/cluster-facts.js';
import type { HostFacts } from './facts/host-facts.js';
import { membersOfHost } from './etcd/member-decision.js';
import type { OperationContext } from './operation.js';
import { isLivingNode } from './preflight/living.js';
import { sameCluster } from './preflight/ownership.js';

/**
 * What the preflight saw and the plan, or an approval, rests on. Every destructive act is given it, reads the same anew
 * right before it acts, and refuses (`ChangedSinceCheck`) when it is something else (invariant 11). Small: it is in the
 * history of each activity that gets it.
 */
export const Checked = z.object({
  /** `HostFacts.identity`: a line that is new on the host is a difference, one that is gone is none. */
  identity: z.array(z.string()),
  machineId: z.string(),
  etcdDataPresent: z.boolean(),
  /** Whether the CAs on the host are this cluster's; absent when it has none, or the cluster's is not known. */
  sameCluster: z.boolean().optional(),
  /** Ids of the etcd members by the host's name or address. */
  members: z.array(z.string()),
  /** The Node of the host's name; `living`: it was Ready with a running kubelet, and its reset was approved all the same. */
  node: z.object({ uid: z.string(), ready: z.boolean(), living: z.boolean() }).optional(),
  /** Units of operations that ran on the host. */
  units: z.array(z.string()),
  /** What is on the host was begun by this run of the operation, and is cleaned without a question. */
  ownAttempt: z.boolean(),
});
export type Checked = z.infer<typeof Checked>;

export const checkedOf = (
  { target }: Pick<OperationContext, 'target'>,
  host: HostFacts,
  cluster: ClusterFacts,
  ownAttempt: boolean,
): Checked => {
  const same = sameCluster(host, cluster);
  const node = cluster.nodes.find(({ name }) => name === target.name);
  return {
    identity: host.identity,
    machineId: host.machineId,
    etcdDataPresent: host.etcdDataPresent,
    ...(same === undefined ? {} : { sameCluster: same }),
    members: membersOfHost(target, cluster.etcd?.members ?? []).map(({ id }) => id),
    ...(node === undefined ? {} : { node: { uid: node.uid, ready: node.ready, living: isLivingNode(node, host) } }),
    units: host.runningUnits ?? [],
    ownAttempt,
  };
};
