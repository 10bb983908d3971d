import type { HostFacts } from '../facts/host-facts.js';
import { isKept, nothingKept } from './keep.js';
import type { Keep } from './keep.js';
import { filesOfNode, homeKubeconfigsOfNode, isNodeListener } from '../preflight/dirt-found.js';

const atMost = (items: readonly string[], shown = 5): string =>
  items.length <= shown ? items.join(', ') : `${items.slice(0, shown).join(', ')} and ${items.length - shown} more`;

/**
 * What a reset should have taken away and did not, one phrase each; empty when the host is clean.
 *
 * @param facts the host, read after the reset.
 * @param before the host, read before it: tells which kubeconfigs of logins belonged to the node. Default `facts`.
 * @param keep what was there before the operation that is undone, and is no leftover of it. Default nothing.
 */
export const leftovers = (facts: HostFacts, before: HostFacts = facts, keep: Keep = nothingKept): string[] => {
  const files = filesOfNode(facts);
  const cniFiles = facts.cniFiles.filter((file) => !isKept(keep, file));
  const links = facts.cniLinks.filter((link) => !keep.links.includes(link));
  const rules = keep.packetFilterRules > 0 ? 0 : facts.packetFilterRules;
  const homes = homeKubeconfigsOfNode(facts, before).filter((file) => !isKept(keep, file));
  return [
    ...facts.listeners
      .filter(isNodeListener)
      .map(({ process, pid, port }) => `${process} (pid ${pid}) still listens on ${port}`),
    ...(facts.kubelet.active === 'active' ? ['kubelet.service is still active'] : []),
    ...(files.length > 0 ? [`files of kubeadm: ${atMost(files)}`] : []),
    ...(facts.etcdDataPresent ? ['data of an etcd member in /var/lib/etcd'] : []),
    ...(facts.kubeletMounts.length > 0 ? [`mounts below /var/lib/kubelet: ${atMost(facts.kubeletMounts)}`] : []),
    ...(facts.kubeletStatePresent ? ['state of the kubelet in /var/lib/kubelet'] : []),
    ...(facts.brokenLinks ?? []).map(
      (link) => `a link that leads to no folder of its own, so that what a node left there cannot be told: ${link}`,
    ),
    ...(cniFiles.length > 0 ? [`CNI files: ${atMost(cniFiles)}`] : []),
    ...(links.length > 0 ? [`network links: ${atMost(links)}`] : []),
    ...(rules > 0 ? [`${rules} packet-filter rules of kube-proxy or CNI`] : []),
    ...(homes.length > 0 ? [`kubeconfigs of logins: ${atMost(homes)}`] : []),
  ];
};
