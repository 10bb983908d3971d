import { randomUUID } from 'node:crypto';

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  resourceVersion?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
}

/** An object of the API, as it is stored. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  metadata: Metadata;
  type?: string;
  /** Of a Secret: base64. Of a ConfigMap: text. */
  data?: Record<string, string>;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [key: string]: unknown;
}

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Names by which kubectl knows it. */
  readonly aliases: readonly string[];
}

const resource = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced: boolean,
  ...aliases: string[]
): Resource => ({ group, version, plural, kind, namespaced, aliases: [plural, kind.toLowerCase(), ...aliases] });

export const resources: readonly Resource[] = [
  resource('', 'v1', 'nodes', 'Node', false, 'no'),
  resource('', 'v1', 'namespaces', 'Namespace', false, 'ns'),
  resource('', 'v1', 'secrets', 'Secret', true),
  resource('', 'v1', 'configmaps', 'ConfigMap', true, 'cm'),
  resource('', 'v1', 'pods', 'Pod', true, 'po'),
  resource('', 'v1', 'services', 'Service', true, 'svc'),
  resource('', 'v1', 'serviceaccounts', 'ServiceAccount', true, 'sa'),
  resource('apps', 'v1', 'daemonsets', 'DaemonSet', true, 'ds'),
  resource('apps', 'v1', 'deployments', 'Deployment', true, 'deploy'),
  resource('certificates.k8s.io', 'v1', 'certificatesigningrequests', 'CertificateSigningRequest', false, 'csr'),
  resource('coordination.k8s.io', 'v1', 'leases', 'Lease', true),
  resource('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false),
  resource('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false),
  resource('rbac.authorization.k8s.io', 'v1', 'roles', 'Role', true),
  resource('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding', true),
];

export const findResource = (alias: string): Resource | undefined =>
  resources.find(({ aliases }) => aliases.includes(alias));

export const resourceOfKind = (kind: string): Resource | undefined => resources.find((one) => one.kind === kind);

export const apiVersionOf = ({ group, version }: Resource): string => (group === '' ? version : `${group}/${version}`);

/** Key under which etcd has it. */
/** kube-apiserver has kept Nodes below this name since before they were called so. */
const keyName = ({ group, plural }: Resource): string => (group === '' && plural === 'nodes' ? 'minions' : plural);

export const keyOf = (resource: Resource, namespace: string | undefined, name: string): string =>
  `${prefixOf(resource, resource.namespaced ? (namespace ?? 'default') : undefined)}${name}`;

export const prefixOf = (resource: Resource, namespace?: string): string => {
  const { group, namespaced } = resource;
  return `/registry/${group === '' ? '' : `${group}/`}${keyName(resource)}/${namespaced && namespace !== undefined ? `${namespace}/` : ''}`;
};

/** RFC 3339, whole seconds. */
export const timestamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

export const newObject = (
  of: Resource,
  name: string,
  namespace: string | undefined,
  now: number,
  more: Readonly<Record<string, unknown>> = {},
): KubernetesObject => ({
  apiVersion: apiVersionOf(of),
  kind: of.kind,
  metadata: {
    name,
    ...(of.namespaced ? { namespace: namespace ?? 'default' } : {}),
    uid: randomUUID(),
    creationTimestamp: timestamp(now),
  },
  ...more,
});

export const encode = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
export const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('latin1');
