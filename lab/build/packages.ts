// What a node host installs for a Kubernetes version: an overlay layer with the programs and the kubelet's unit, the
// image archives, and a disk that already holds those images. All kept in the cache folder.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, copyFile, cp, link, mkdir, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CachedProgram } from './cache.js';
import { imageFilesDigest, writeImages } from './images.js';
import { labFile, writableCacheFolder } from '../paths.js';
import { makeOnce } from './partial.js';
import { timed, type Progress } from '../progress.js';
import { coredns, labkube, provideProgram } from './programs.js';
import { check } from '../shell.js';
import type { KubernetesVersion } from './versions.js';

export const DISK_SIZE = '6G';
const GOLDEN_TIMEOUT_MS = 10 * 60_000;

export interface Packages {
  version: KubernetesVersion;
  folder: string;
  /** Lower layer of a node's root file system. */
  layer: string;
  /** Image archive, for `ctr image import`. */
  images: string;
  /** Disk with the images in containerd, copied for every new host. */
  golden: string;
}

/** `root` is the root file system of a node host. */
export async function providePackages(version: KubernetesVersion, root: string, progress: Progress): Promise<Packages> {
  const kube = await provideProgram(labkube(version), progress);
  const dns = await provideProgram(coredns(), progress);
  const key = createHash('sha256')
    .update([kube.sha256, dns.sha256, basename(root), imageFilesDigest(), layerFilesDigest(), DISK_SIZE].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const folder = join(writableCacheFolder(), 'packages', `${version}-${key}`);
  const packages: Packages = {
    version,
    folder,
    layer: join(folder, 'layer'),
    images: join(folder, 'images.tar'),
    golden: join(folder, 'disk.img'),
  };
  await makeOnce(folder, async (partial) => {
    await makeLayer(join(partial, 'layer'), kube);
    await timed(progress, `writing the container images of Kubernetes ${version}`, () =>
      writeImages({ path: join(partial, 'images.tar'), version, kube: kube.path, coredns: dns.path, root }),
    );
    await timed(progress, `importing the container images of Kubernetes ${version} (once)`, () =>
      makeGoldenDisk(partial, root),
    );
  });
  return packages;
}

async function makeLayer(layer: string, kube: CachedProgram): Promise<void> {
  await cp(labFile('rootfs', 'programs'), layer, { recursive: true });
  await chmod(join(layer, 'usr/local/sbin/install-kubernetes'), 0o755);
  const bin = join(layer, 'usr/bin');
  await mkdir(bin, { recursive: true });
  const executable = join(bin, 'labkube');
  await link(kube.path, executable).catch(() => copyFile(kube.path, executable));
  await chmod(executable, 0o755);
  for (const name of ['kubeadm', 'kubelet', 'kubectl', 'etcdctl', 'etcdutl']) await symlink('labkube', join(bin, name));
  await mkdir(join(layer, 'etc/kubernetes/manifests'), { recursive: true });
}

async function makeGoldenDisk(folder: string, root: string): Promise<void> {
  const work = join(folder, 'work');
  await mkdir(work);
  await check(
    'unshare',
    [
      '--mount',
      '--propagation=slave',
      '--net',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      labFile('make-golden-disk.sh'),
      join(folder, 'disk.img'),
      work,
      DISK_SIZE,
      root,
      join(folder, 'images.tar'),
    ],
    { timeoutMs: GOLDEN_TIMEOUT_MS },
  );
  await rm(work, { recursive: true });
}

/** Changes whenever the layer or the disk would. */
function layerFilesDigest(): string {
  const files = [
    'rootfs/programs/usr/lib/systemd/system/kubelet.service',
    'rootfs/programs/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf',
    'rootfs/programs/usr/local/sbin/install-kubernetes',
    'make-golden-disk.sh',
  ];
  const hash = createHash('sha256');
  for (const path of files) hash.update(readFileSync(labFile(path)));
  return hash.digest('hex');
}
