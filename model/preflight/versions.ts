import semver from 'semver';
import type { ClusterFacts } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import type { OperationContext } from '../operation.js';
import { definitionOf } from '../operations.js';
import { fatal, warning, type Finding } from './finding.js';

/** Kubernetes supports a kubelet up to three minor versions older than its API server, and none that is newer. */
const kubeletMayTrailBy = 3;

const kubeadmFindings = (context: OperationContext, host: HostFacts): Finding[] => {
  const wanted = semver.parse(context.kubernetesVersion);
  const kubeadm = semver.parse(host.versions.kubeadm);
  if (wanted === null || kubeadm === null) return []; // a missing kubeadm is a finding of its own
  if (kubeadm.major === wanted.major && kubeadm.minor === wanted.minor) return [];
  return [
    fatal(
      'VersionSkew',
      `kubeadm on ${context.target.name} is ${host.versions.kubeadm}; ${context.kubernetesVersion} needs a kubeadm of v${wanted.major}.${wanted.minor}`,
      `install kubeadm v${wanted.major}.${wanted.minor} on ${context.target.name}`,
      [`kubeadm ${host.versions.kubeadm}`, `spec.kubernetesVersion ${context.kubernetesVersion}`],
    ),
  ];
};

/** kubeadm itself does not see on a join that a kubelet is newer than the cluster. */
const kubeletFindings = (context: OperationContext, host: HostFacts, server: string): Finding[] => {
  const api = semver.parse(server);
  const kubelet = semver.parse(host.versions.kubelet);
  if (api === null || kubelet === null) return [];
  const trails = api.minor - kubelet.minor;
  if (api.major === kubelet.major && trails >= 0 && trails <= kubeletMayTrailBy) return [];
  const words =
    trails < 0 || kubelet.major > api.major ? 'newer than' : `more than ${kubeletMayTrailBy} minor versions older than`;
  return [
    fatal(
      'VersionSkew',
      `the kubelet on ${context.target.name} is ${host.versions.kubelet}, ${words} ${context.cluster} (${server})`,
      `install kubelet v${api.major}.${api.minor} on ${context.target.name}`,
      [`kubelet ${host.versions.kubelet}`, `API server ${server}`],
    ),
  ];
};

const serverFindings = (context: OperationContext, server: string): Finding[] => {
  const wanted = semver.parse(context.kubernetesVersion);
  const api = semver.parse(server);
  if (wanted === null || api === null || api.compare(wanted) === 0) return [];
  const evidence = [`API server ${server}`, `spec.kubernetesVersion ${context.kubernetesVersion}`];
  const message = `${context.cluster} runs ${server}, the specification says ${context.kubernetesVersion}`;
  return api.major === wanted.major && api.minor === wanted.minor
    ? [
        warning(
          'VersionSkew',
          message,
          `the node gets the version of the cluster; set spec.kubernetesVersion to ${server}`,
          evidence,
        ),
      ]
    : [
        fatal(
          'VersionSkew',
          message,
          `set spec.kubernetesVersion to ${server} and join with that kubeadm, or upgrade ${context.cluster} first`,
          evidence,
        ),
      ];
};

export const versionFindings = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Finding[] => {
  const server = definitionOf(context).makesCluster ? undefined : cluster?.serverVersion;
  return [
    ...(server === undefined ? [] : serverFindings(context, server)),
    ...kubeadmFindings(context, host),
    ...kubeletFindings(context, host, server ?? context.kubernetesVersion),
  ];
};
