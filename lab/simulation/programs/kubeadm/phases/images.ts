import { releaseOf } from '../../../../build/versions.js';
import type { KubernetesVersion } from '../../../../build/versions.js';
import { klog } from '../../../kubelet/bootstrap.js';
import type { Process } from '../../../system/process.js';
import { addImages, imagesOn } from '../../containerd.js';
import { CommandFailure, say } from '../output.js';

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
const askMs = 300;

const attempts = 5;

/** Pulls those that are missing, with `always` all of them. @throws CommandFailure */
export const pullImages = async (process: Process, images: readonly string[], always: boolean): Promise<void> => {
  const { machine } = process;
  for (const image of images) {
    if (always || !imagesOn(process).includes(image)) {
      await process.work(imagesOn(process).includes(image) ? askMs : pullMs);
      if (!machine.world.registryAnswers(machine)) {
        const because = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": failed to do request: Head "https://${image.replace(/^([^/]+)\/(.+):(.*)$/, '$1/v2/$2/manifests/$3')}": dial tcp: lookup ${image.replace(/\/.*$/, '')} on ${machine.address.replace(/\d+$/, '1')}:53: read udp ${machine.address}:40000->${machine.address.replace(/\d+$/, '1')}:53: i/o timeout`;
        for (let attempt = 0; attempt < attempts; attempt += 1)
          klog(
            process,
            'E',
            'remote_image.go:334',
            `"PullImage from image service failed" err="rpc error: code = Unknown desc = ${because.replaceAll('"', '\\"')}" image="${image}"`,
          );
        throw new CommandFailure(`failed to pull image "${image}": failed to pull image ${image}: ${because}`);
      }
      addImages(process, [image]);
    }
    if (always) say(process, `[config/images] Pulled ${image}`);
  }
};
