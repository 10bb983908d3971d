import type { ClusterFacts } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import { decideMember, type MemberDecision } from '../etcd/member-decision.js';
import { apiServerOf } from '../control-plane.js';
import { sameEndpoint } from '../network-address.js';
import type { OperationContext } from '../operation.js';
import { definitionOf } from '../operations.js';

export type Kubeconfig = HostFacts['kubeconfigs'][number];

/** Kubeconfigs that kubeadm writes; others below /etc/kubernetes say nothing about the node. */
const kubeadmFiles = [
  'kubelet.conf',
  'bootstrap-kubelet.conf',
  'admin.conf',
  'super-admin.conf',
  'controller-manager.conf',
  'scheduler.conf',
];

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The kubeconfigs of the node, kubelet.conf first: it says best whose the node is. */
export const nodeKubeconfigs = (host: HostFacts): Kubeconfig[] =>
  kubeadmFiles.flatMap((name) => host.kubeconfigs.filter((one) => baseName(one.file) === name));

export const kubeconfigNamed = (host: HostFacts, name: string): Kubeconfig | undefined =>
  host.kubeconfigs.find((one) => baseName(one.file) === name);

/** Every CA that the host's node trusts. */
export const nodeCaHashes = (host: HostFacts): string[] => {
  const hashes = [host.pkiCaHash, ...nodeKubeconfigs(host).map((one) => one.caHash)];
  return [...new Set(hashes.filter((hash) => hash !== undefined))];
};

/** Whether all CAs on the host are this cluster's; undefined when the host has none or the cluster's is not known. */
export const sameCluster = (
  host: HostFacts,
  cluster: Pick<ClusterFacts, 'caHash'> | undefined,
): boolean | undefined => {
  const hashes = nodeCaHashes(host);
  if (hashes.length === 0 || cluster?.caHash === undefined) return undefined;
  return hashes.every((hash) => hash === cluster.caHash);
};

/** Whether a `server` is the endpoint of this cluster. */
export const isEndpoint = (context: OperationContext, server: string): boolean =>
  sameEndpoint(server, context.endpoint);

/** Whether a `server` is the API server of one of the given control-plane hosts. */
export const isApiServerOf = (hosts: OperationContext['controlPlane'], server: string): boolean =>
  hosts.some((host) => sameEndpoint(server, apiServerOf(host.address)));

/**
 * The marker says that this very run of the operation began what is on the host, and that it has not ended well: an
 * operation that has joined a host, one that was reset in Temporal and an id that is begun again have no attempt there.
 */
export const isOwnAttempt = (context: OperationContext, { marker }: HostFacts): boolean =>
  marker?.operation === context.operation && marker.ofThisRun === true && isAttempt(marker);

/** What it stands for was begun and never proven: the operation makes it, or takes it away again. */
export const isAttempt = (marker: HostFacts['marker']): boolean =>
  marker?.state === 'begun' || marker?.state === 'undoing';

/** A marker of an operation that only resets what was there before it tells nothing of whose that is. */
export const ownershipMarker = ({ marker }: HostFacts): HostFacts['marker'] =>
  marker?.state === 'resetting' ? undefined : marker;

/** What to do about the target's etcd members; undefined for a worker or when the member list could not be read. */
export const memberDecision = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): MemberDecision | undefined =>
  !definitionOf(context).hasEtcdMember || cluster?.etcd === undefined
    ? undefined
    : decideMember({
        members: cluster.etcd.members,
        host: context.target,
        etcdDataPresent: host.etcdDataPresent,
        sameCluster: sameCluster(host, cluster),
      });

/** Short enough for a sentence; the whole hash stands in the evidence. */
export const shortHash = (hash: string | undefined): string =>
  hash === undefined ? 'unknown' : hash.length > 20 ? `${hash.slice(0, 15)}…` : hash;
