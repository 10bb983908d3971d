import type { ClusterFacts, NodeFacts } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import { sameAddress } from '../network-address.js';
import type { OperationContext } from '../operation.js';
import { approval, fatal, warning, type Finding } from './finding.js';

const nodeEvidence = (node: NodeFacts, host: HostFacts): string[] => [
  `Node ${node.name}: machine-id ${node.machineId}, address ${node.internalIp ?? 'unknown'}, ${node.ready ? 'Ready' : `NotReady${node.notReadyBecause === undefined ? '' : ` (${node.notReadyBecause})`}`}, created ${node.createdAt}`,
  `host: machine-id ${host.machineId}, addresses ${host.addresses.join(', ')}`,
];

/** The Node of our name: kubeadm refuses it only while it is Ready, and only after it has written certificates. */
const twin = (context: OperationContext, host: HostFacts, node: NodeFacts): Finding[] => {
  const { name, address } = context.target;
  const evidence = nodeEvidence(node, host);
  const sameAddressAsOurs = node.internalIp !== undefined && sameAddress(node.internalIp, address);
  // Its own, even if still Ready for the minute after a power cut: deleted before the join.
  if (node.machineId === host.machineId && (sameAddressAsOurs || !node.ready)) return [];
  if (node.ready)
    return [
      fatal(
        'IdentityConflict',
        node.machineId === host.machineId
          ? `Node ${name} is Ready at ${node.internalIp ?? 'an unknown address'} with the machine-id of ${name}: one is a clone of the other`
          : `Node ${name} exists and is Ready with machine-id ${node.machineId}; ${name} has ${host.machineId}`,
        `choose another name; or, when ${name} was installed anew, wait until the old Node is NotReady, then retry`,
        evidence,
      ),
    ];
  if (!sameAddressAsOurs)
    return [
      fatal(
        'IdentityConflict',
        `Node ${name} exists with machine-id ${node.machineId} and address ${node.internalIp ?? 'unknown'}; ${name} has ${host.machineId} and ${address}`,
        `choose another name, or delete the dead Node with \`kubectl delete node ${name}\` when this host replaces it`,
        evidence,
      ),
    ];
  // Same name, same address, silent Node, another machine-id: the machine was installed anew, as in a replacement.
  const message = `Node ${name} (machine-id ${node.machineId}) is NotReady, and ${name} at the same address has ${host.machineId}: it was installed anew`;
  switch (context.policy.removeStaleMembers) {
    case 'when-safe':
      return [warning('IdentityConflict', message, `the stale Node ${name} is deleted before the join`, evidence)];
    case 'approve':
      return [
        approval(
          node.uid,
          'IdentityConflict',
          message,
          `approve that the stale Node ${name} is deleted before the join`,
          evidence,
        ),
      ];
    case 'never':
      return [
        fatal(
          'IdentityConflict',
          message,
          `policy.removeStaleMembers is never: delete it with \`kubectl delete node ${name}\`, then retry`,
          evidence,
        ),
      ];
  }
};

const stranger = (context: OperationContext, host: HostFacts, node: NodeFacts): Finding[] => {
  const { name, address } = context.target;
  const evidence = nodeEvidence(node, host);
  if (node.internalIp !== undefined && sameAddress(node.internalIp, address))
    return [
      fatal(
        'IdentityConflict',
        `the address ${address} of ${name} is used by Node ${node.name}`,
        `correct spec.hosts.${name}.address, or delete the Node with \`kubectl delete node ${node.name}\` when it is gone for good`,
        evidence,
      ),
    ];
  if (node.machineId !== host.machineId || host.machineId === '') return [];
  if (node.internalIp !== undefined && host.addresses.some((one) => sameAddress(one, node.internalIp ?? '')))
    return [
      fatal(
        'IdentityConflict',
        `${name} is in the cluster already as Node ${node.name}`,
        `use the name ${node.name}, or remove that Node first`,
        evidence,
      ),
    ];
  return [
    warning(
      'IdentityConflict',
      `${name} has the same machine-id as Node ${node.name}: it was cloned`,
      `on ${name}: \`rm /etc/machine-id && systemd-machine-id-setup\` and reboot; some network plugins need unique ones`,
      evidence,
    ),
  ];
};

/** Whether the name or the address of the host belongs to another machine. For hosts that have not joined yet. */
export const identityFindings = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Finding[] =>
  (cluster?.nodes ?? []).flatMap((node) =>
    node.name === context.target.name ? twin(context, host, node) : stranger(context, host, node),
  );
