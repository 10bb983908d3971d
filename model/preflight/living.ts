import type { ClusterFacts, NodeFacts } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import { membersOfHost } from '../etcd/member-decision.js';
import type { OperationContext } from '../operation.js';
import { definitionOf } from '../operations.js';
import { memberLabel } from '../etcd/quorum.js';
import { alreadyJoined } from './joined.js';
import { fatal, type Finding } from './finding.js';
import { isAttempt, isOwnAttempt } from './ownership.js';

/**
 * Whether a Ready Node is this machine's and its kubelet runs. Of a machine whose kubelet has gone a Node stays Ready for
 * most of a minute: that one is only remembered.
 */
export const isLivingNode = (node: Pick<NodeFacts, 'ready' | 'machineId'>, host: HostFacts): boolean =>
  node.ready && node.machineId === host.machineId && host.kubelet.active === 'active';

/**
 * The Ready Node of an attempt that an operation of this cluster began and never proved, such as one that was aborted: a
 * reset of it is nobody's loss, and still asked about.
 */
export const livingAttempt = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): NodeFacts | undefined => {
  const { marker } = host;
  if (!isAttempt(marker) || marker?.cluster !== context.cluster) return undefined;
  return cluster?.nodes.find((node) => node.name === context.target.name && isLivingNode(node, host));
};

/**
 * Hosts that do work for this cluster in another way than the operation would make them: a Ready Node that is no voter, a
 * voter that shall become a worker. They are taken out by hand first; a reset would take their work with it (invariant 11).
 */
export const livingFindings = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Finding[] => {
  if (cluster === undefined || alreadyJoined(context, host, cluster) || isOwnAttempt(context, host)) return [];
  const { target } = context;
  const { hasEtcdMember } = definitionOf(context);
  const role = hasEtcdMember ? 'a control-plane host' : 'a worker';
  const [member] = hasEtcdMember ? [] : membersOfHost(target, cluster.etcd?.members ?? []);
  if (member !== undefined)
    return [
      fatal(
        'IdentityConflict',
        `${target.name} is the etcd member ${memberLabel(member)} of ${context.cluster}: it cannot become ${role} while it is`,
        `correct the role of spec.hosts.${target.name}, or take the member out first: \`etcdctl member remove ${member.id}\` while the others are healthy (\`quorate status\`), then \`kubeadm reset\` on ${target.name}`,
        [memberLabel(member)],
      ),
    ];
  const node = cluster.nodes.find(({ name }) => name === target.name);
  if (node === undefined || !isLivingNode(node, host)) return [];
  if (livingAttempt(context, host, cluster) !== undefined) return [];
  return [
    fatal(
      'IdentityConflict',
      `${target.name} is the Ready Node ${node.name} of ${context.cluster} and its kubelet runs, but it is not yet ${role}`,
      `correct the role of spec.hosts.${target.name}, or take it out first: \`kubectl drain ${node.name}\`, \`kubectl delete node ${node.name}\`, then \`kubeadm reset\` on ${target.name}`,
      [
        `Node ${node.name}: uid ${node.uid}, Ready, ${node.controlPlane ? 'control plane' : 'worker'}; kubelet.service is active`,
      ],
    ),
  ];
};
