import type { ClusterFacts } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import type { OperationContext } from '../operation.js';
import { definitionOf } from '../operations.js';
import { isOwnAttempt, kubeconfigNamed, memberDecision, sameCluster } from './ownership.js';

/**
 * Whether the host is a member of this cluster already, so that only the proof is left to do and a reset is out of the question.
 *
 * A worker: kubelet.conf trusts this cluster's CA, and the Node of its name is Ready and is this machine.
 * A control-plane host: the same with a started voter whose data is on the host; and also a voter with its data whose Node
 * is missing or not Ready, as a join that died after etcd's promotion leaves it: wiping it would cost the cluster a voter,
 * while the kubelet often ends the join by itself. The proof then says what is missing.
 */
export const alreadyJoined = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): boolean => {
  // What this very run began and has not proven is begun anew, also when it serves already: parts of it may be missing.
  if (definitionOf(context).makesCluster && isOwnAttempt(context, host)) return false;
  if (cluster?.caHash === undefined || sameCluster(host, cluster) !== true) return false;
  if (definitionOf(context).hasEtcdMember) return memberDecision(context, host, cluster)?.kind === 'already-joined';
  const node = cluster.nodes.find((one) => one.name === context.target.name);
  return (
    kubeconfigNamed(host, 'kubelet.conf')?.caHash === cluster.caHash &&
    node !== undefined &&
    node.ready &&
    node.machineId === host.machineId
  );
};
