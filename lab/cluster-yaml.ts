// The cluster specification that fits a lab's hosts.
import { stringify } from 'yaml';
import type { HostKind } from './build/base-system.js';
import { DEFAULT_KUBERNETES_VERSION, type KubernetesVersion } from './build/versions.js';

/** The packet filter of kube-proxy that was found to work on the lab's hosts; see docs/lab.md. */
const KUBE_PROXY_MODE = 'nftables';

export interface ClusterYamlOptions {
  /** Name of the cluster; default the lab's. */
  name?: string;
  /** Default the version of the first node. */
  kubernetesVersion?: KubernetesVersion;
  /** Hosts that are workers; default those whose name starts with `w`. */
  workers?: readonly string[];
  /** `spec.policy`; default the product's defaults. */
  policy?: Record<string, unknown>;
}

/** What a specification says of a host. */
interface ClusterHost {
  readonly name: string;
  readonly kind: HostKind;
  readonly address: string;
  readonly kubernetesVersion?: string | undefined;
}

/** A `cluster.yaml` with every host of the lab, behind the first load balancer. */
export function clusterYaml(
  lab: { readonly name: string; readonly hosts: readonly ClusterHost[] },
  options: ClusterYamlOptions = {},
): string {
  const nodes = lab.hosts.filter((host) => host.kind === 'node');
  const balancers = lab.hosts.filter((host) => host.kind === 'load-balancer');
  const endpoint = balancers[0] ?? nodes[0];
  if (endpoint === undefined) throw new Error('A cluster needs at least one host.');
  const workers = new Set(options.workers ?? nodes.map((host) => host.name).filter((name) => name.startsWith('w')));
  const role = (name: string): string => (workers.has(name) ? 'worker' : 'control-plane');
  return stringify({
    apiVersion: 'quorate.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: options.name ?? lab.name },
    spec: {
      kubernetesVersion: options.kubernetesVersion ?? nodes[0]?.kubernetesVersion ?? DEFAULT_KUBERNETES_VERSION,
      controlPlaneEndpoint: `${endpoint.address}:6443`,
      networking: { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16' },
      loadBalancer:
        balancers.length > 0
          ? { kind: 'haproxy', hosts: balancers.map((host) => host.name), backend: 'kube-apiserver' }
          : { kind: 'external' },
      hosts: Object.fromEntries([
        ...nodes.map((host) => [host.name, { role: role(host.name), address: host.address }]),
        ...balancers.map((host) => [host.name, { role: 'load-balancer', address: host.address }]),
      ]) as Record<string, unknown>,
      ...(options.policy === undefined ? {} : { policy: options.policy }),
      kubeadm: {
        ignorePreflightErrors: ['SystemVerification'],
        kubelet: { failCgroupV1: false, cgroupDriver: 'systemd' },
        // The machine's connection-tracking limits belong to all hosts: kube-proxy must not set them.
        kubeProxy: { mode: KUBE_PROXY_MODE, conntrack: { maxPerCore: 0, min: 0 } },
      },
    },
  });
}
