import { releaseOf } from '../../../versions.js';
import type { KubernetesVersion } from '../../../versions.js';
import type { Process } from '../../system/process.js';
import { addImages, imagesOn } from '../containerd.js';
import { CommandFailure, say } from './output.js';

/** Images that kubeadm of a version wants, in its order. */
export const imagesOf = (version: string, repository = 'registry.k8s.io'): string[] => {
  const { tags } = releaseOf(version as KubernetesVersion);
  return [
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'].map(
      (name) => `${repository}/${name}:${version}`,
    ),
    `${repository}/coredns/coredns:${tags.coredns}`,
    `${repository}/pause:${tags.pause}`,
    `${repository}/etcd:${tags.etcd}`,
  ];
};

const pullMs = 3_000;

/** Pulls those that are missing. @throws CommandFailure */
export const pullImages = async (process: Process, images: readonly string[], report: boolean): Promise<void> => {
  const { machine } = process;
  for (const image of images) {
    if (!imagesOn(process).includes(image)) {
      await process.work(pullMs);
      if (!machine.world.registryAnswers(machine))
        throw new CommandFailure(
          `failed to pull image "${image}": failed to pull image ${image}: rpc error: code = Unavailable desc = failed to resolve reference "${image}": failed to do request: Head "https://${image.replace(/\/([^/]+):(.*)$/, '/v2/$1/manifests/$2')}": dial tcp: lookup registry.k8s.io: i/o timeout`,
        );
      addImages(process, [image]);
    }
    if (report) say(process, `[config/images] Pulled ${image}`);
  }
};
