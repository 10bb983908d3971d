import { readNode } from '../../adapters/kubernetes/change-node.js';
import { readBegunCluster } from '../../adapters/kubernetes/read-cluster.js';
import { readyz } from '../../adapters/kubernetes/readyz.js';
import type { Checked } from '../../model/checked.js';
import { QuorateError } from '../../model/failures/failure.js';
import type { HostFacts } from '../../model/facts/host-facts.js';
import type { OperationContext } from '../../model/operation.js';
import { definitionOf } from '../../model/operations.js';
import { isLivingNode } from '../../model/preflight/living.js';
import { memberLabel } from '../../model/etcd/quorum.js';
import { hostOf, pickControlPlane } from './control-plane.js';
import { readMembersOfTarget } from './members.js';
import type { Dependencies } from '../dependencies.js';

const lives = ({ target }: OperationContext, what: string, evidence: readonly string[]): QuorateError =>
  new QuorateError('ChangedSinceCheck', `${what} since ${target.name} was checked; it was not reset`, {
    host: target.name,
    remedy: `the operation reads ${target.name} and the cluster again by itself; when it blocks, see who else works on it, then retry`,
    evidence,
  });

/**
 * Sees, right before a reset, that nothing lives on the host that did not when it was checked: no etcd member of the cluster
 * has its address, no Ready Node is behind its kubelet, and where a cluster is made, none serves there but what this run began
 * and nobody else has joined.
 * @param host the target, read in the same activity
 * @throws QuorateError ChangedSinceCheck; ApiUnavailable, EtcdUnavailable when no survivor can say
 */
export const requireNothingLives = async (
  dependencies: Dependencies,
  context: OperationContext,
  host: HostFacts,
  checked: Checked,
): Promise<void> => {
  const { target } = context;
  if (definitionOf(context).makesCluster) {
    const own = hostOf(dependencies, target);
    if (!(await readyz(own, target.address)).ready) return;
    if (!checked.ownAttempt) throw lives(context, `an API server has come to serve on ${target.name}`, []);
    // What this very run has begun may serve already; while nobody else is in it, it is nobody's yet.
    const { nodes } = await readBegunCluster(own, target.address);
    const others = nodes.filter(({ name }) => name !== target.name);
    if (others.length > 0)
      throw lives(
        context,
        `${others.map(({ name }) => name).join(', ')} ${others.length === 1 ? 'has' : 'have'} joined the cluster on ${target.name}`,
        others.map(({ name, uid }) => `Node ${name}: uid ${uid}`),
      );
    return;
  }
  const survivor = await pickControlPlane(dependencies, context);
  const [node, members] = await Promise.all([
    readNode(survivor.host, survivor.entry.address, target.name),
    readMembersOfTarget(context, survivor.host),
  ]);
  const [member] = members;
  if (member !== undefined)
    throw lives(context, `etcd has the member ${memberLabel(member)} at its address`, [memberLabel(member)]);
  const known = checked.node?.uid === node?.uid && checked.node?.living === true;
  if (node !== undefined && !checked.ownAttempt && !known && isLivingNode(node, host))
    throw lives(context, `Node ${node.name} is Ready`, [`Node ${node.name}: uid ${node.uid}, Ready, kubelet active`]);
};
