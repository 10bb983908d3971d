import { z } from 'zod';

const KubeconfigClusterFacts = z.object({
  server: z.string().optional(),
  /** sha256:<hex> of the CA's public key (SPKI), as kubeadm's caCertHashes; absent when unreadable. */
  caHash: z.string().optional(),
});

/** A kubeconfig: where it points and whose CA it trusts, by its current context. */
export const KubeconfigFacts = KubeconfigClusterFacts.extend({
  file: z.string(),
  /** The other clusters in it; absent when there is none. */
  others: z.array(KubeconfigClusterFacts).optional(),
});

export const ListenerFacts = z.object({
  port: z.number(),
  process: z.string(),
  pid: z.number(),
  /** systemd unit of that process, when it has one. */
  unit: z.string().optional(),
});

export const UnitFacts = z.object({
  /** systemctl is-enabled, such as enabled, disabled, not-found. */
  enabled: z.string(),
  /** systemctl is-active. */
  active: z.string(),
});

/** A host as one script run on it shows it. Read only; nothing secret. */
export const HostFacts = z.object({
  hostname: z.string(),
  machineId: z.string(),
  bootId: z.string(),
  os: z.string(),
  kernel: z.string(),
  architecture: z.string(),
  cpus: z.number(),
  memoryMiB: z.number(),
  cgroupVersion: z.union([z.literal(1), z.literal(2)]),
  swapOn: z.boolean(),
  addresses: z.array(z.string()),
  /** MTU of the interface that carries the declared address, when it is there. */
  mtu: z.number().optional(),
  /** Free MiB by path, for /var/lib/kubelet, /var/lib/etcd, /var/lib/containerd, /etc. */
  diskFreeMiB: z.record(z.string(), z.number()),
  /** Host clock minus the worker's clock in milliseconds, the round trip halved. */
  clockOffsetMs: z.number(),
  versions: z.object({
    kubeadm: z.string().optional(),
    kubelet: z.string().optional(),
    kubectl: z.string().optional(),
    containerd: z.string().optional(),
  }),
  /** The runtime's socket answers. */
  runtimeReady: z.boolean(),
  sysctls: z.record(z.string(), z.string()),
  kubelet: UnitFacts,
  containerd: UnitFacts,
  /** Listeners on 6443, 2379, 2380, 10250, 10257, 10259. */
  listeners: z.array(ListenerFacts),
  /** Files below /etc/kubernetes, without the empty folders a package brings. */
  kubernetesFiles: z.array(z.string()),
  kubeconfigs: z.array(KubeconfigFacts),
  /** kube-vip as a static Pod: its manifest, and the kubeconfig of the host that it works with. */
  kubeVip: z.object({ file: z.string(), kubeconfig: z.string() }).optional(),
  /** SPKI hash of /etc/kubernetes/pki/ca.crt. */
  pkiCaHash: z.string().optional(),
  /** Entries in /var/lib/etcd. */
  etcdDataPresent: z.boolean(),
  kubeletStatePresent: z.boolean(),
  /** Where there is no state of a kubelet: files in /var/lib/kubelet that somebody has put there, at most 100; absent when none. */
  kubeletFiles: z.array(z.string()).optional(),
  /** Files of CNI plugins, at most a hundred. */
  cniFiles: z.array(z.string()),
  /** How many more there are; absent when all are listed. */
  unlistedCniFiles: z.number().optional(),
  /**
   * `<bytes> <seconds since the epoch>` of CNI files and of kubeconfigs of logins, by path: tells whether one was written
   * since. Absent when there is none.
   */
  fileVersions: z.record(z.string(), z.string()).optional(),
  /** Names of links that a CNI plugin or kube-proxy leaves: cni0, flannel.1, kube-ipvs0, ... */
  cniLinks: z.array(z.string()),
  /** Rules, chains and whole tables of kube-proxy, the kubelet and CNI plugins, as a reset takes them out of nftables and iptables. */
  packetFilterRules: z.number(),
  /** ~/.kube/config of root and of the login user. */
  homeKubeconfigs: z.array(KubeconfigFacts),
  /**
   * Folders of a node that are a symbolic link and lead to no folder, or to one that others share, such as /var, as
   * `/var/lib/etcd -> /data/etcd`; absent when none is.
   */
  brokenLinks: z.array(z.string()).optional(),
  /** Mounts below /var/lib/kubelet, or below what it leads to where it is a link. */
  kubeletMounts: z.array(z.string()),
  /** Written by Quorate before it changes the host: which operation, which run of it, which cluster, and how that ended. */
  marker: z
    .object({
      operation: z.string(),
      cluster: z.string(),
      caHash: z.string().optional(),
      /** Temporal's id of the run that wrote it. */
      run: z.string().optional(),
      /**
       * `resetting`: it resets what was there before it; `begun`: what is there now is its own attempt; `joined`: the host
       * was proven a member, which is nobody's attempt; `undoing`: it takes away what it has made there.
       */
      state: z.enum(['resetting', 'begun', 'joined', 'undoing']).optional(),
      /** Written by the very run of the operation that read it. */
      ofThisRun: z.boolean().optional(),
    })
    .optional(),
  /**
   * What tells whose the host is, one line each (`adapters/host/identity-script.ts`): machine-id, marker, and the files
   * that say which node it carries, with inode, time and size. A destructive command compares them right before it acts.
   */
  identity: z.array(z.string()).default([]),
  /** Units of Quorate's operations whose command runs now, such as quorate-join-0f3c….service; absent when none does. */
  runningUnits: z.array(z.string()).optional(),
  /** The API server that kubelet.conf or admin.conf points to answered just now (any HTTP status). */
  foreignServerAnswers: z.record(z.string(), z.boolean()),
});
export type HostFacts = z.infer<typeof HostFacts>;
