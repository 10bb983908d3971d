import { execute } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';
import { deepCleanScript } from './deep-clean-script.js';
import type { DeepClean } from './deep-clean-script.js';

/**
 * Removes what `kubeadm reset` leaves on a host, or a node without a working kubeadm: running kubelets and Pods, mounts,
 * files of kubeadm and the kubelet, etcd's data, CNI's files and links, rules of kube-proxy and CNI plugins, and the
 * kubeconfigs of logins that name nothing but the node's cluster. Everything else stays: other files below /etc/kubernetes,
 * other rules, units and their drop-ins, images, logs; and what `options.keep` names. Whether the host is clean is for
 * reading it again to say.
 * @param onFailure is told what should have gone and did not, one phrase each, with the reason where there is one.
 * @returns what was removed, one phrase each; nothing the second time
 * @throws QuorateError Unreachable, CommandFailed
 */
export const deepClean = async (
  host: Host,
  options: DeepClean,
  onFailure: (what: string) => void = () => {},
): Promise<readonly string[]> => {
  const text = await execute(host, 'cleaning what kubeadm leaves', deepCleanScript(options), { timeoutMs: 120_000 });
  const said = (word: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1));
  for (const what of said('failed')) onFailure(what);
  return said('removed');
};
