import type { HostFacts } from '../facts/host-facts.js';
import { cniFolders, kubeadmConfigurations, kubeadmFolders, nodeProcesses, runtimeServices } from '../reset/traces.js';
import { nodeCaHashes, nodeKubeconfigs } from './ownership.js';

/**
 * Whether a reset would stop this listener: a process of a node that no service of its own starts again.
 * A kubelet or etcd under another service, as of k3s or of a program with an etcd of its own, is foreign.
 */
export const isNodeListener = ({ process, unit }: HostFacts['listeners'][number]): boolean =>
  nodeProcesses.includes(process) &&
  (unit === undefined || !unit.endsWith('.service') || runtimeServices.includes(unit));

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`;

const folders = (files: readonly string[]): string[] => {
  const byFolder = new Map<string, number>();
  for (const file of files) {
    const folder = cniFolders.find((one) => file.startsWith(`${one}/`)) ?? file.slice(0, file.lastIndexOf('/'));
    byFolder.set(folder, (byFolder.get(folder) ?? 0) + 1);
  }
  return [...byFolder].map(([folder, number]) => `${folder} (${count(number, 'file')})`);
};

const bootWords = (enabled: string): string => (enabled === 'enabled' ? 'started at boot' : `${enabled} for boot`);

const listeners = (host: HostFacts): string[] => {
  const byPid = new Map<number, HostFacts['listeners'][number][]>();
  for (const listener of host.listeners.filter(isNodeListener))
    byPid.set(listener.pid, [...(byPid.get(listener.pid) ?? []), listener]);
  const lines = [...byPid.values()].map((group) => {
    const [first] = group;
    const unit = first?.unit === undefined ? '' : `, unit ${first.unit}`;
    const boot = first?.unit === 'kubelet.service' ? `, ${bootWords(host.kubelet.enabled)}` : '';
    const ports = group.map(({ port }) => port).join(' and ');
    return `${first?.process} (pid ${first?.pid}${unit}${boot}) listens on ${ports}`;
  });
  const kubeletListed = host.listeners.some(({ process }) => process === 'kubelet');
  return host.kubelet.active === 'active' && !kubeletListed
    ? [...lines, `kubelet.service is active (${bootWords(host.kubelet.enabled)})`]
    : lines;
};

/**
 * Kubeconfigs of logins that belong to a node and go with it: every cluster in them is at its API servers, or every one
 * trusts its CAs. One that names another cluster as well is an administrator's own.
 *
 * @param node the host when the node was on it. Default `host`.
 */
export const homeKubeconfigsOfNode = (host: HostFacts, node: HostFacts = host): string[] => {
  const hashes = new Set<string | undefined>(nodeCaHashes(node));
  const servers = new Set(nodeKubeconfigs(node).map(({ server }) => server));
  return host.homeKubeconfigs
    .filter((one) => {
      const clusters = [one, ...(one.others ?? [])];
      return (
        clusters.every(({ server }) => server !== undefined && servers.has(server)) ||
        clusters.every(({ caHash }) => caHash !== undefined && hashes.has(caHash))
      );
    })
    .map(({ file }) => file);
};

/** What kubeadm writes below /etc/kubernetes; anything else there, such as an audit policy, is the operator's and stays. */
const isKubeadmFile = (file: string): boolean =>
  kubeadmConfigurations.some((name) => file === `/etc/kubernetes/${name}.conf`) ||
  kubeadmFolders.some((folder) => file.startsWith(`/etc/kubernetes/${folder}/`));

/** Files of a node. The manifest of kube-vip is put on a host before its first join, for kubeadm to find. */
export const filesOfNode = (host: HostFacts): string[] =>
  host.kubernetesFiles.filter((file) => isKubeadmFile(file) && file !== host.kubeVip?.file);

const kubeadmFiles = (host: HostFacts): string[] => {
  const files = filesOfNode(host);
  return files.length > 0 ? [`/etc/kubernetes (${count(files.length, 'file')})`] : [];
};

/** Signs of a node on the host. CNI files, links and packet-filter rules are none: a fresh host may have them. */
export const nodeSigns = (host: HostFacts): string[] => [
  ...listeners(host),
  ...kubeadmFiles(host),
  ...(host.kubeletStatePresent ? ['/var/lib/kubelet'] : []),
  ...(host.kubeletMounts.length > 0 ? [`${count(host.kubeletMounts.length, 'mount')} below /var/lib/kubelet`] : []),
  ...(host.etcdDataPresent ? ['/var/lib/etcd (data of an etcd member)'] : []),
];

/** What a reset would clean away besides the signs of the node. */
export const networkLeftovers = (host: HostFacts): string[] => [
  ...folders(host.cniFiles),
  ...(host.cniLinks.length > 0
    ? [`network ${host.cniLinks.length === 1 ? 'link' : 'links'} ${host.cniLinks.join(', ')}`]
    : []),
  ...(host.packetFilterRules > 0 ? [count(host.packetFilterRules, 'packet-filter rule')] : []),
  ...homeKubeconfigsOfNode(host),
];
