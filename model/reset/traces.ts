// What a node of Kubernetes leaves on a host, and whose it is: one definition for the reading, the judgement and the
// removal. Patterns are POSIX extended regular expressions without intervals ({n}, which mawk of Debian 12 lacks) and
// without slashes, single quotes and back-slashes, so that awk, grep and JavaScript read the same.

const hex = (digits: number): string => '[0-9a-f]'.repeat(digits);

/**
 * Links that kube-proxy, the node-local DNS cache and the widespread CNI plugins make. `veth*` are not among them: they go
 * with the bridge they hang on. Cilium's are `lxc` and twelve hex digits, never LXC's own bridge lxcbr0.
 */
export const linkPattern = `^(${[
  'cni[0-9]+',
  'flannel([.]|-v6[.])[0-9]+|flannel-wg(-v6)?',
  'kube-ipvs0|kube-bridge|kube-dummy-if|nodelocaldns',
  `cali${hex(11)}|vxlan[.]calico|vxlan-v6[.]calico|wireguard[.]cali|wg-v6[.]cali`,
  `cilium_[A-Za-z0-9_]+|lxc_health|lxc${hex(12)}`,
  'weave|vethwe-[A-Za-z0-9_]+|vxlan-6784',
  'antrea-[A-Za-z0-9_-]+|ovn-k8s-[A-Za-z0-9_-]+',
].join('|')})$`;

/** Chains that kube-proxy, the kubelet and CNI plugins make; of other rules, those that lead to them. */
export const chainPattern = '^(KUBE-|CNI-|FLANNEL-|CILIUM_|WEAVE-|cali-)[A-Za-z0-9_.-]*$';

/** Tables of nftables that are kube-proxy's or a CNI plugin's as a whole. */
export const tablePattern = '^(kube-proxy|cni_hostport|cni_plugins_masquerade|flannel-ipv[46])$';

/** Kubeconfigs that kubeadm writes to /etc/kubernetes, without `.conf`. */
export const kubeadmConfigurations = [
  'admin',
  'super-admin',
  'kubelet',
  'bootstrap-kubelet',
  'controller-manager',
  'scheduler',
] as const;

/** Folders below /etc/kubernetes that are kubeadm's as a whole; what else lies there is the operator's. */
export const kubeadmFolders = ['manifests', 'pki', 'tmp'] as const;

/** Folders of CNI plugins. */
export const cniFolders = ['/etc/cni/net.d', '/var/lib/cni', '/run/flannel'] as const;

/** What the kubelet keeps in /var/lib/kubelet, by which a node is told from an empty installation. */
export const kubeletState = {
  files: ['config.yaml', 'instance-config.yaml', 'kubeadm-flags.env', 'cpu_manager_state', 'memory_manager_state'],
  folders: ['pki', 'pods'],
} as const;

/** Folders of a node that may be a symbolic link, as to a disk of their own: such a link stays, what it leads to is read. */
export const nodeFolders = [
  '/etc/kubernetes',
  ...kubeadmFolders.map((folder) => `/etc/kubernetes/${folder}`),
  '/etc/cni',
  '/etc/cni/net.d',
  '/var/lib/cni',
  '/var/lib/etcd',
  '/var/lib/kubelet',
] as const;

/** Processes of a node. */
const processes = ['kubelet', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'];

/** Their names as Linux shows them, which cuts a process name after 15 characters. */
export const nodeProcesses = [...new Set(processes.flatMap((name) => [name, name.slice(0, 15)]))];

/** Services that the containers of static Pods belong to where each has no scope of its own. */
export const runtimeServices = [
  'kubelet.service',
  'containerd.service',
  'crio.service',
  'docker.service',
  'cri-docker.service',
];
