// The Kubernetes versions the lab can give a host, and what belongs to each.

export type KubernetesVersion = 'v1.37.1' | 'v1.36.4';

export interface Release {
  version: KubernetesVersion;
  etcd: string;
  /** Tags of the images that kubeadm of this version asks for (`kubeadm config images list`). */
  tags: { etcd: string; pause: string; coredns: string };
}

const releases: Record<KubernetesVersion, Release> = {
  'v1.37.1': {
    version: 'v1.37.1',
    etcd: 'v3.7.0',
    tags: { etcd: '3.7.0-0', pause: '3.10.2', coredns: 'v1.14.6' },
  },
  'v1.36.4': {
    version: 'v1.36.4',
    etcd: 'v3.6.8',
    tags: { etcd: '3.6.8-0', pause: '3.10.2', coredns: 'v1.14.2' },
  },
};

export const KUBERNETES_VERSIONS = Object.keys(releases) as KubernetesVersion[];
export const DEFAULT_KUBERNETES_VERSION: KubernetesVersion = 'v1.37.1';
export const COREDNS_VERSION = 'v1.14.6';

export const releaseOf = (version: KubernetesVersion): Release => releases[version];
