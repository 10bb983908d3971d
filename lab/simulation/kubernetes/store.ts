import type { EtcdCluster } from '../etcd/cluster.js';
import type { Member } from '../etcd/member.js';
import { findResource, keyOf, prefixOf } from './objects.js';
import type { KubernetesObject, Resource } from './objects.js';

/** Objects in etcd, as an API server reads and writes them by its own member. */
export class Store {
  constructor(
    readonly cluster: EtcdCluster,
    private readonly member: Member,
  ) {}

  get(resource: Resource, name: string, namespace?: string): KubernetesObject | undefined {
    return this.cluster.store.get(keyOf(resource, namespace, name))?.value as KubernetesObject | undefined;
  }

  list(resource: Resource, namespace?: string): KubernetesObject[] {
    const prefix = prefixOf(resource, namespace);
    const found: KubernetesObject[] = [];
    for (const [key, { value }] of this.cluster.store)
      if (key.startsWith(prefix)) found.push(value as KubernetesObject);
    return found.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** @throws EtcdError */
  put(resource: Resource, object: KubernetesObject): KubernetesObject {
    const { name, namespace } = object.metadata;
    const stored = { ...object, metadata: { ...object.metadata } };
    const revision = this.cluster.put(this.member, keyOf(resource, namespace, name), stored);
    stored.metadata.resourceVersion = String(revision);
    return stored;
  }

  /** @throws EtcdError */
  delete(resource: Resource, name: string, namespace?: string): void {
    this.cluster.delete(this.member, keyOf(resource, namespace, name));
  }
}

/** @throws Error for a kind that is not known here */
export const resourceNamed = (alias: string): Resource => {
  const found = findResource(alias);
  if (found === undefined) throw new Error(`no resource ${alias}`);
  return found;
};

export const secrets = resourceNamed('secrets');
export const configMaps = resourceNamed('configmaps');
export const nodes = resourceNamed('nodes');
export const signingRequests = resourceNamed('csr');
export const clusterRoleBindings = resourceNamed('clusterrolebindings');
export const daemonSets = resourceNamed('daemonsets');
