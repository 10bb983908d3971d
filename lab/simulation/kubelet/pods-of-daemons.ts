import { randomUUID } from 'node:crypto';
import { FileError } from '../files/file-error.js';
import type { Kubernetes } from '../kubernetes/kubernetes.js';
import { keyOf } from '../kubernetes/objects.js';
import type { KubernetesObject } from '../kubernetes/objects.js';
import { daemonSets, nodes } from '../kubernetes/store.js';
import type { Machine } from '../system/machine.js';

const startMs = 900;

interface PodTemplate {
  readonly spec?: { readonly volumes?: readonly { readonly hostPath?: { readonly path?: string } }[] };
}

const hostPaths = (daemonSet: KubernetesObject): string[] => {
  const template = daemonSet.spec?.['template'] as PodTemplate | undefined;
  return (template?.spec?.volumes ?? []).flatMap(({ hostPath }) =>
    hostPath?.path === undefined ? [] : [hostPath.path],
  );
};

const proxyTable = (family: string): string =>
  `table ${family} kube-proxy {\n\tchain services {\n\t\t${family} daddr 10.96.0.1 tcp dport 443 goto service # handle 12\n\t}\n\n\tchain filter-forward {\n\t\ttype filter hook forward priority dstnat + 10; policy accept;\n\t\tct state new jump filter-prerouting # handle 14\n\t}\n}\n`;

/** A network plugin: gives the runtime its configuration, and a bridge for the Pods. */
const startNetwork = (machine: Machine, subnet: string): void => {
  const { files } = machine;
  const file = '/etc/cni/net.d/10-lab.conflist';
  files.makeDirectories('/etc/cni/net.d');
  files.write(
    file,
    `${JSON.stringify({ cniVersion: '0.4.0', name: 'lab', plugins: [{ type: 'bridge', bridge: 'cni0', ipam: { type: 'host-local', ranges: [[{ subnet }]] } }] })}\n`,
  );
};

/** kube-proxy: the rules of its tables, and a volume with its token. */
const startProxy = (machine: Machine): void => {
  const volume = `/var/lib/kubelet/pods/${randomUUID()}/volumes/kubernetes.io~projected/kube-api-access-x7k2p`;
  machine.files.makeDirectories(volume, 0o750);
  machine.mounts.add(volume);
  for (const family of ['ip', 'ip6']) machine.packetFilter.set(`${family} kube-proxy`, proxyTable(family));
};

/** Runs on a Node what DaemonSets want on every one, as far as a host shows it: kube-proxy and the network plugin. */
export const runDaemonSets = (
  machine: Machine,
  nodeName: string,
  kubernetes: Kubernetes,
  isOver: () => boolean,
): void => {
  const started = new Set<string>();
  const start = (object: KubernetesObject): void => {
    const node = kubernetes.etcd.store.get(keyOf(nodes, undefined, nodeName))?.value as KubernetesObject | undefined;
    if (object.metadata.name === 'kube-proxy') startProxy(machine);
    else if (hostPaths(object).includes('/etc/cni/net.d'))
      startNetwork(machine, (node?.spec?.['podCIDR'] as string | undefined) ?? '10.244.0.0/24');
  };
  const startLater = (object: KubernetesObject): void => {
    machine.after(startMs, () => {
      if (isOver()) return;
      try {
        start(object);
      } catch (error) {
        // A disk that is full: the kubelet tries again.
        if (!(error instanceof FileError)) throw error;
        startLater(object);
      }
    });
  };
  const look = (): void => {
    if (isOver()) return;
    for (const value of kubernetes.etcd.store.values()) {
      const object = value.value as KubernetesObject;
      if (object.kind !== 'DaemonSet' || started.has(object.metadata.uid)) continue;
      started.add(object.metadata.uid);
      startLater(object);
    }
  };
  const stop = kubernetes.onWrite((_, resource) => {
    if (isOver()) stop();
    else if (resource === daemonSets) look();
  });
  look();
};
