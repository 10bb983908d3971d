import { z } from 'zod';
import type { HostFacts } from '../facts/host-facts.js';
import { cniFolders } from './traces.js';
import { homeKubeconfigsOfNode } from '../preflight/dirt-found.js';

/**
 * What was on a host before an operation began to change it, and stays when it is undone: it may look like a node's, and
 * is the operator's. Not secret.
 */
export const Keep = z.object({
  /**
   * CNI files and kubeconfigs of logins by absolute path, each with its `<bytes> <seconds since the epoch>` of then,
   * empty where that was not read. A path that ends in a slash stands for everything below it.
   */
  files: z.record(z.string(), z.string()),
  /** Names of network links. */
  links: z.array(z.string()),
  /**
   * How many packet-filter rules there were. From one on, all stay: whose a rule is that kube-proxy or a CNI plugin may
   * have made, nobody can tell, and rules of before may lead to chains of since.
   */
  packetFilterRules: z.number(),
  /**
   * Files by absolute path that `kubeadm reset` deletes, whoever wrote them: the manifest of kube-vip, and what an
   * operator has put into /var/lib/kubelet for the kubelet to find. They are put aside before it and back after it.
   */
  aside: z.array(z.string()),
});
export type Keep = z.infer<typeof Keep>;

/** Nothing was there: everything that looks like a node's goes. */
export const nothingKept: Keep = { files: {}, links: [], packetFilterRules: 0, aside: [] };

/**
 * What a reset leaves, whether it makes room for a join, cleans the operation's own attempt or undoes it: from the last
 * reading in which nothing of the operation was on the host.
 *
 * @param before that reading; one made after the operation has begun to write would keep what it wrote.
 * @param reset whether the operation resets the host before it writes: then what counted as dirt is gone with everybody's
 *   consent, and only the kubeconfigs of logins for other clusters are left to keep.
 */
export const keepOf = (before: HostFacts, { reset }: { readonly reset: boolean }): Keep => {
  const version = (path: string): string => before.fileVersions?.[path] ?? '';
  const gone = reset ? new Set(homeKubeconfigsOfNode(before)) : new Set<string>();
  const paths = [
    ...before.homeKubeconfigs.map(({ file }) => file).filter((file) => !gone.has(file)),
    ...(reset ? [] : before.cniFiles),
    ...(!reset && (before.unlistedCniFiles ?? 0) > 0 ? cniFolders.map((folder) => `${folder}/`) : []),
  ];
  return {
    files: Object.fromEntries(paths.map((path) => [path, version(path)])),
    links: reset ? [] : before.cniLinks,
    packetFilterRules: reset ? 0 : before.packetFilterRules,
    // Nobody counts kube-vip's manifest as dirt: it is put on a host before its first join.
    aside: [
      ...(before.kubeVip === undefined ? [] : [before.kubeVip.file]),
      ...(reset ? [] : (before.kubeletFiles ?? [])),
    ],
  };
};

/** Whether a file stays. */
export const isKept = (keep: Keep, path: string): boolean =>
  path in keep.files || Object.keys(keep.files).some((one) => one.endsWith('/') && path.startsWith(one));

/**
 * What an undo has left on the host as it was there before, one phrase each, and what is not as it was: for the operator
 * to look at, as Quorate cannot tell who wrote it.
 *
 * @param after the host, read after the undo.
 */
export const keptOn = (keep: Keep, after: HostFacts): string[] => {
  const phrases: string[] = [];
  const there = new Set([
    ...after.cniFiles,
    ...after.homeKubeconfigs.map(({ file }) => file),
    ...(after.kubeletFiles ?? []),
    ...after.kubernetesFiles,
  ]);
  for (const [path, version] of Object.entries(keep.files)) {
    const now = after.fileVersions?.[path] ?? '';
    if (path.endsWith('/')) phrases.push(`left everything below ${path}, where more lay before than is listed`);
    else if (!there.has(path) && (after.unlistedCniFiles ?? 0) === 0)
      phrases.push(`${path}, which was there before, is gone`);
    else if (version !== '' && now !== '' && now !== version)
      phrases.push(`left ${path}, which was there before and was written since`);
    else phrases.push(`left ${path}, which was there before`);
  }
  for (const path of keep.aside)
    phrases.push(there.has(path) ? `left ${path}, which was there before` : `${path}, which was there before, is gone`);
  for (const link of keep.links)
    phrases.push(
      after.cniLinks.includes(link)
        ? `left the network link ${link}, which was there before`
        : `the network link ${link}, which was there before, is gone`,
    );
  if (keep.packetFilterRules > 0)
    phrases.push(
      `left what kube-proxy or CNI have in the packet filter, as some was there before and which that is cannot be told (${keep.packetFilterRules} then, ${after.packetFilterRules} now)`,
    );
  return phrases;
};
