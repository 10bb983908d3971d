import { execute } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';
import { deepCleanScript } from './deep-clean-script.js';
import type { DeepClean } from './deep-clean-script.js';

/**
 * Removes what `kubeadm reset` leaves on a host, or a node without a working kubeadm: running kubelets and Pods, mounts,
 * files of kubeadm and the kubelet, etcd's data, CNI's files and links, rules of kube-proxy and CNI plugins, and the
 * kubeconfigs of logins that name nothing but the node's cluster. Everything else stays: other files below /etc/kubernetes,
 * other rules, units and their drop-ins, images, logs. Whether the host is clean is for reading it again to say.
 * @returns what was removed, one phrase each; nothing the second time
 * @throws QuorateError Unreachable, CommandFailed
 */
export const deepClean = async (host: Host, options: DeepClean): Promise<readonly string[]> => {
  const text = await execute(host, 'cleaning what kubeadm leaves', deepCleanScript(options), { timeoutMs: 120_000 });
  return text
    .split('\n')
    .filter((line) => line.startsWith('removed '))
    .map((line) => line.slice('removed '.length));
};
