import { parse } from 'yaml';
import { z } from 'zod';
import type { KubeconfigFacts } from '../../model/facts/host-facts.js';
import { caHashOfPem } from './ca-hash.js';

const Cluster = z.object({
  server: z.string().optional(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
});
const Kubeconfig = z.object({
  clusters: z
    .array(z.object({ name: z.string().optional(), cluster: Cluster }))
    .nullish()
    .catch([]),
  contexts: z
    .array(z.object({ name: z.string().optional(), context: z.object({ cluster: z.string().optional() }).nullish() }))
    .nullish()
    .catch([]),
  'current-context': z.string().nullish().catch(undefined),
});

const parseYaml = (text: string): unknown => {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
};

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf('/') + 1);

/**
 * Where a kubeconfig points and whose CA it trusts: the cluster of its current context, else its only or first cluster;
 * and the other clusters in it. What cannot be read is left out, as a broken file is a fact about the host and no error.
 *
 * @param text the file, or what is left of it without `users`.
 * @param caFiles PEM texts of the files that `certificate-authority` names, by absolute path.
 */
export const readKubeconfig = (
  file: string,
  text: string,
  caFiles: ReadonlyMap<string, string>,
): z.infer<typeof KubeconfigFacts> => {
  const parsed = Kubeconfig.safeParse(parseYaml(text));
  if (!parsed.success) return { file };
  const clusters = parsed.data.clusters ?? [];
  const current = parsed.data.contexts?.find((context) => context.name === parsed.data['current-context']);
  const used = clusters.find((entry) => entry.name === current?.context?.cluster) ?? clusters[0];
  if (used === undefined) return { file };
  const factsOf = ({ cluster }: { cluster: z.infer<typeof Cluster> }): { server?: string; caHash?: string } => {
    const data = cluster['certificate-authority-data'];
    const named = cluster['certificate-authority'];
    // As kubectl does: data wins over the file, and a relative path is relative to the kubeconfig.
    const pem =
      data !== undefined
        ? Buffer.from(data, 'base64').toString()
        : named === undefined
          ? undefined
          : caFiles.get(named.startsWith('/') ? named : folderOf(file) + named);
    const caHash = pem === undefined ? undefined : caHashOfPem(pem);
    return {
      ...(cluster.server === undefined ? {} : { server: cluster.server }),
      ...(caHash === undefined ? {} : { caHash }),
    };
  };
  const others = clusters.filter((entry) => entry !== used).map(factsOf);
  return { file, ...factsOf(used), ...(others.length === 0 ? {} : { others }) };
};
