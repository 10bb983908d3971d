import { readFileSync } from 'node:fs';
import { labFile } from '../../paths.js';
import { program } from '../files/inode.js';
import type { Directory } from '../files/inode.js';
import { nodePrograms } from '../programs/registry.js';
import { imageFile } from '../programs/containerd.js';
import { imagesOf } from '../programs/kubeadm/phases/images.js';
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

/** The kubelet's unit, as on the hosts of the lab. */
const unitFolder = 'usr/lib/systemd/system';
const kubeletUnits = ['kubelet.service', 'kubelet.service.d/10-kubeadm.conf'];

/** A node: containerd runs; the kubelet is there, neither enabled nor started. */
export const nodeImage = (version: string): Directory => {
  const tree = debian();
  for (const name of Object.keys(nodePrograms)) tree.put(`/usr/bin/${name}`, program(name, 60_000_000));
  for (const folder of ['/var/lib/containerd', '/var/lib/kubelet', '/var/lib/etcd', '/etc/cni', '/opt/cni/bin'])
    tree.folder(folder, folder === '/var/lib/etcd' ? 0o700 : 0o755);
  tree.file('/usr/lib/systemd/system/containerd.service', containerdUnit);
  for (const unit of kubeletUnits)
    tree.file(`/${unitFolder}/${unit}`, readFileSync(labFile('rootfs/programs', unitFolder, unit), 'utf8'));
  tree.file(
    imageFile,
    imagesOf(version)
      .map((name) => `${name}\n`)
      .join(''),
  );
  enableUnit(tree, 'containerd.service');
  return tree.freeze();
};
