import { parse, stringify } from 'yaml';
import type { FileSystem } from '../files/file-system.js';

/** What a program needs of a kubeconfig. */
export interface Kubeconfig {
  readonly server: string;
  /** PEM of the CAs that it trusts. */
  readonly ca: string;
  readonly clientCertificate?: string;
  readonly token?: string;
  readonly namespace?: string;
}

interface Document {
  readonly clusters?: readonly { name: string; cluster: Record<string, string> }[];
  readonly contexts?: readonly { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  readonly users?: readonly { name: string; user: Record<string, string> }[];
  readonly 'current-context'?: string;
}

const fromBase64 = (text: string): string => Buffer.from(text, 'base64').toString('latin1');

/** The cluster and user of the current context; undefined for what is no kubeconfig. Files that it names are read. */
export const readKubeconfig = (files: FileSystem, path: string): Kubeconfig | undefined => {
  const text = files.readIfThere(path);
  if (text === undefined) return undefined;
  let document: Document | null;
  try {
    document = parse(text) as Document | null;
  } catch {
    return undefined;
  }
  const context = document?.contexts?.find(({ name }) => name === document['current-context'])?.context;
  const cluster =
    document?.clusters?.find(({ name }) => name === context?.cluster)?.cluster ?? document?.clusters?.[0]?.cluster;
  const user = document?.users?.find(({ name }) => name === context?.user)?.user ?? document?.users?.[0]?.user ?? {};
  if (cluster === undefined) return undefined;
  const content = (of: Record<string, string>, name: string): string | undefined => {
    const data = of[`${name}-data`];
    if (data !== undefined) return fromBase64(data);
    const file = of[name];
    return file === undefined ? undefined : files.readIfThere(file);
  };
  const clientCertificate = content(user, 'client-certificate');
  return {
    server: cluster['server'] ?? '',
    ca: content(cluster, 'certificate-authority') ?? '',
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(user['token'] === undefined ? {} : { token: user['token'] }),
    ...(context?.namespace === undefined ? {} : { namespace: context.namespace }),
  };
};

export interface KubeconfigParts {
  readonly server: string;
  readonly ca: string;
  readonly cluster: string;
  readonly user: string;
  /** Name of the context; default that of the user at the cluster. */
  readonly context?: string;
  readonly credentials: Readonly<Record<string, string>>;
}

/** As Kubernetes' own YAML library writes it: lists are not indented. */
export const goYaml = { lineWidth: 0, indentSeq: false } as const;

/** The text of a kubeconfig, as kubeadm writes it. */
export const renderKubeconfig = ({
  server,
  ca,
  cluster,
  user,
  context = `${user}@${cluster}`,
  credentials,
}: KubeconfigParts): string =>
  stringify(
    {
      apiVersion: 'v1',
      clusters: [
        {
          cluster: { 'certificate-authority-data': Buffer.from(ca, 'latin1').toString('base64'), server },
          name: cluster,
        },
      ],
      contexts: [{ context: { cluster, user }, name: context }],
      'current-context': context,
      kind: 'Config',
      users: [{ name: user, user: credentials }],
    },
    goYaml,
  );

export const certificateCredentials = (certificate: string, key: string): Record<string, string> => ({
  'client-certificate-data': Buffer.from(certificate, 'latin1').toString('base64'),
  'client-key-data': Buffer.from(key, 'latin1').toString('base64'),
});
