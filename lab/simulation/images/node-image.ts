import { program } from '../files/inode.js';
import type { Directory } from '../files/inode.js';
import { nodePrograms } from '../programs/registry.js';
import { debian, enableUnit } from './base-image.js';

const containerdUnit = `[Unit]
Description=containerd container runtime

[Service]
ExecStart=/usr/bin/containerd
Type=notify
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
`;

const kubeletUnit = `[Unit]
Description=kubelet: The Kubernetes Node Agent

[Service]
ExecStart=/usr/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
`;

/** A node: containerd runs; the kubelet is there, neither enabled nor started. */
export const nodeImage = (): Directory => {
  const tree = debian();
  for (const name of Object.keys(nodePrograms)) tree.put(`/usr/bin/${name}`, program(name, 60_000_000));
  for (const folder of ['/var/lib/containerd', '/var/lib/kubelet', '/var/lib/etcd', '/etc/cni', '/opt/cni/bin'])
    tree.folder(folder, folder === '/var/lib/etcd' ? 0o700 : 0o755);
  tree
    .file('/usr/lib/systemd/system/containerd.service', containerdUnit)
    .file('/usr/lib/systemd/system/kubelet.service', kubeletUnit);
  enableUnit(tree, 'containerd.service');
  return tree.freeze();
};
