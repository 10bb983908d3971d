import type { HostFacts } from '../../model/host-facts.js';
import { filesOfNode, isNodeListener } from '../../model/preflight/dirt-found.js';
import { nodeCaHashes, nodeKubeconfigs } from '../../model/preflight/ownership.js';

const atMost = (items: readonly string[], shown = 5): string =>
  items.length <= shown ? items.join(', ') : `${items.slice(0, shown).join(', ')} and ${items.length - shown} more`;

/** Kubeconfigs of logins that belong to the node that was on the host; those for other clusters are left alone. */
const homeKubeconfigsOf = (facts: HostFacts, before: HostFacts): string[] => {
  const hashes = new Set(nodeCaHashes(before));
  const servers = new Set(nodeKubeconfigs(before).map(({ server }) => server));
  return facts.homeKubeconfigs
    .filter(
      ({ server, caHash }) =>
        (caHash !== undefined && hashes.has(caHash)) || (server !== undefined && servers.has(server)),
    )
    .map(({ file }) => file);
};

/**
 * What a reset should have taken away and did not, one phrase each; empty when the host is clean.
 *
 * @param facts the host, read after the reset.
 * @param before the host, read before it: tells which kubeconfigs of logins belonged to the node. Default `facts`.
 */
export const leftovers = (facts: HostFacts, before: HostFacts = facts): string[] => {
  const files = filesOfNode(facts);
  const homes = homeKubeconfigsOf(facts, before);
  return [
    ...facts.listeners
      .filter(isNodeListener)
      .map(({ process, pid, port }) => `${process} (pid ${pid}) still listens on ${port}`),
    ...(facts.kubelet.active === 'active' ? ['kubelet.service is still active'] : []),
    ...(files.length > 0 ? [`files of kubeadm: ${atMost(files)}`] : []),
    ...(facts.etcdDataPresent ? ['data of an etcd member in /var/lib/etcd'] : []),
    ...(facts.kubeletMounts.length > 0 ? [`mounts below /var/lib/kubelet: ${atMost(facts.kubeletMounts)}`] : []),
    ...(facts.kubeletStatePresent ? ['state of the kubelet in /var/lib/kubelet'] : []),
    ...(facts.cniFiles.length > 0 ? [`CNI files: ${atMost(facts.cniFiles)}`] : []),
    ...(facts.cniLinks.length > 0 ? [`network links: ${atMost(facts.cniLinks)}`] : []),
    ...(facts.packetFilterRules > 0 ? [`${facts.packetFilterRules} packet-filter rules of kube-proxy or CNI`] : []),
    ...(homes.length > 0 ? [`kubeconfigs of logins: ${atMost(homes)}`] : []),
  ];
};
