import { changedSinceCheck, guardScript } from '../../host/identity-script.js';
import type { Guard } from '../../host/identity-script.js';
import { newMark, parseSections } from '../../script/sections.js';
import { execute } from '../../ssh/execute.js';
import type { Host } from '../../ssh/types.js';
import { deepCleanScript } from './script.js';
import type { DeepClean } from './script.js';

/**
 * Removes what `kubeadm reset` leaves on a host, or a node without a working kubeadm: running kubelets and Pods, mounts,
 * files of kubeadm and the kubelet, etcd's data, CNI's files and links, rules of kube-proxy and CNI plugins, and the
 * kubeconfigs of logins that name nothing but the node's cluster. Everything else stays: other files below /etc/kubernetes,
 * other rules, units and their drop-ins, images, logs; and what `options.keep` names. Whether the host is clean is for
 * reading it again to say.
 * @param guard compared on the host first, in the same script
 * @param onFailure is told what should have gone and did not, one phrase each, with the reason where there is one.
 * @returns what was removed, one phrase each; nothing the second time
 * @throws QuorateError Unreachable, CommandFailed, ChangedSinceCheck when it is another host, or carries another node, than
 *   the guard knows: nothing was removed
 */
export const deepClean = async (
  host: Host,
  guard: Guard,
  options: DeepClean,
  onFailure: (what: string) => void = () => {},
): Promise<readonly string[]> => {
  const mark = newMark();
  const script = `${guardScript(mark, guard)}${deepCleanScript(options)}`;
  const text = await execute(host, 'cleaning what kubeadm leaves', script, { timeoutMs: 120_000 });
  const differs = parseSections(text, mark).get('differs');
  if (differs !== undefined) throw changedSinceCheck(host, 'the cleaning', differs);
  const said = (word: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1));
  for (const what of said('failed')) onFailure(what);
  return said('removed');
};
