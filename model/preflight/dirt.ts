import type { ClusterFacts, NodeFacts } from '../facts/cluster-facts.js';
import { peersOf } from '../control-plane.js';
import type { HostFacts } from '../facts/host-facts.js';
import type { OperationContext } from '../operation.js';
import { networkLeftovers, nodeSigns } from './dirt-found.js';
import { approval, fatal, halfReset, resetSubject, warning, type Finding } from './finding.js';
import { alreadyJoined } from './joined.js';
import { livingAttempt } from './living.js';
import {
  isApiServerOf,
  isEndpoint,
  isOwnAttempt,
  nodeCaHashes,
  nodeKubeconfigs,
  ownershipMarker,
  sameCluster,
  shortHash,
  type Kubeconfig,
} from './ownership.js';

export { alreadyJoined } from './joined.js';

/** Leftovers of an earlier node on a host. */
export interface Dirt {
  /** They are this cluster's: its marker or its CA is on the host, and nothing of another cluster. */
  readonly ours: boolean;
  /** The other cluster they belong to; `unknown` where the host does not tell. */
  readonly foreign?: {
    readonly server: string;
    readonly caHash: string;
    /** Its API server answers this host. */
    readonly alive: boolean;
  };
  /** What was found and a reset would stop or delete, one phrase each. */
  readonly found: readonly string[];
}

const isForeign =
  (context: OperationContext, cluster: ClusterFacts | undefined) =>
  (one: Kubeconfig): boolean => {
    if (cluster?.caHash !== undefined && one.caHash !== undefined) return one.caHash !== cluster.caHash;
    // Without a CA to compare, as before init, only the address tells.
    return (
      one.server !== undefined && !isEndpoint(context, one.server) && !isApiServerOf(context.controlPlane, one.server)
    );
  };

const foreignCluster = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Dirt['foreign'] => {
  const configs = nodeKubeconfigs(host).filter(isForeign(context, cluster));
  const pki = cluster?.caHash !== undefined && host.pkiCaHash !== cluster.caHash ? host.pkiCaHash : undefined;
  // A cluster that was given another name in the specification keeps its CA.
  const written = ownershipMarker(host);
  const marker = written?.cluster !== context.cluster && sameCluster(host, cluster) !== true ? written : undefined;
  if (configs.length === 0 && pki === undefined && marker === undefined) return undefined;
  // An address of this cluster answers for this cluster, whatever older cluster the file was written by.
  const alive = configs.find(
    ({ server }) =>
      server !== undefined &&
      host.foreignServerAnswers[server] === true &&
      !isEndpoint(context, server) &&
      !isApiServerOf(peersOf(context), server),
  );
  const first = alive ?? configs.find(({ server }) => server !== undefined) ?? configs[0];
  return {
    server: first?.server ?? 'unknown',
    caHash: first?.caHash ?? pki ?? marker?.caHash ?? 'unknown',
    alive: alive !== undefined,
  };
};

/**
 * What an earlier node left on the host, and whose it is; undefined when the host is clean or a member of this cluster.
 * CNI files, links and packet-filter rules alone count only where the policy says so, but are listed with the rest.
 */
export const describeDirt = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Dirt | undefined => {
  const found = [...nodeSigns(host), ...networkLeftovers(host)];
  const counts = nodeSigns(host).length > 0 || (context.policy.networkLeftovers === 'clean' && found.length > 0);
  if (!counts || alreadyJoined(context, host, cluster)) return undefined;
  const foreign = foreignCluster(context, host, cluster);
  if (foreign !== undefined) return { ours: false, foreign, found };
  const ours =
    ownershipMarker(host)?.cluster === context.cluster ||
    (cluster?.caHash !== undefined && nodeCaHashes(host).includes(cluster.caHash));
  return { ours, found };
};

const whose = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined, dirt: Dirt): string => {
  const { name } = context.target;
  if (dirt.ours) return `${name} still carries an earlier node of ${context.cluster}`;
  if (dirt.foreign === undefined && nodeSigns(host).length === 0)
    return `${name} keeps the network of an earlier node: ${dirt.found.join(', ')}`;
  if (dirt.foreign === undefined) return `${name} still carries an earlier node; nothing on it says of which cluster`;
  const { server, caHash } = dirt.foreign;
  const file = nodeKubeconfigs(host).find((one) => one.server === server)?.file;
  const points = file === undefined ? '' : `${file} points to ${server}, `;
  const known =
    cluster?.caHash === undefined ? '' : ` is not that of ${context.cluster} (${shortHash(cluster.caHash)})`;
  const silent = server === 'unknown' || isEndpoint(context, server) ? '' : '; that API server does not answer';
  return `${name} still carries a node of another cluster: ${points}its CA (${shortHash(caHash)})${known}${silent}`;
};

/**
 * What an approval of a reset is for: the machine, whose leftovers are deleted, and whether etcd's data is among them. What
 * changes by itself meanwhile, such as pids and numbers of files, is no part of it.
 */
const subjectOf = (host: HostFacts, { ours, foreign }: Dirt, node: NodeFacts | undefined): string => {
  const { marker } = host;
  const isHalfReset = marker?.state === 'resetting' && marker.ofThisRun === true;
  const unknown = isHalfReset ? halfReset : 'unknown';
  const owner = ours ? 'this cluster' : foreign === undefined ? unknown : `${foreign.server} ${foreign.caHash}`;
  return resetSubject({
    reset: host.machineId,
    owner,
    etcdData: host.etcdDataPresent,
    ...(node === undefined ? {} : { node: node.uid }),
  });
};

const caEvidence = (host: HostFacts): string[] => [
  ...nodeKubeconfigs(host).map(
    ({ file, server, caHash }) => `${file}: server ${server ?? 'unknown'}, CA ${caHash ?? 'unreadable'}`,
  ),
  ...(host.pkiCaHash === undefined ? [] : [`/etc/kubernetes/pki/ca.crt: CA ${host.pkiCaHash}`]),
  ...(host.marker === undefined ? [] : [`marker of the operation ${host.marker.operation}`]),
];

/** DirtyHost and ForeignHost, by what was found and what the policy allows. */
export const dirtFindings = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Finding[] => {
  const dirt = describeDirt(context, host, cluster);
  const { name } = context.target;
  if (dirt === undefined) {
    const left = networkLeftovers(host);
    return left.length === 0
      ? []
      : [
          warning(
            'DirtyHost',
            `${name} keeps what looks like the network of an earlier node: ${left.join(', ')}; Pods there may not reach others`,
            `policy.networkLeftovers: clean deletes it before the join; a fresh host may have some of its own`,
            [...host.cniFiles, ...host.cniLinks.map((link) => `network link ${link}`)].map((one) => `found: ${one}`),
          ),
        ];
  }
  const policy = context.policy.resetDirtyHosts;
  const node = isOwnAttempt(context, host) ? undefined : livingAttempt(context, host, cluster);
  const evidence = [
    ...dirt.found.map((one) => `found: ${one}`),
    ...(node === undefined
      ? []
      : [`Node ${node.name} is Ready (uid ${node.uid}): an operation began it and never proved it`]),
    ...caEvidence(host),
  ];
  if (dirt.foreign?.alive === true)
    return [
      fatal(
        'ForeignHost',
        `${name} belongs to cluster ${dirt.foreign.server} (CA ${shortHash(dirt.foreign.caHash)}) and is alive there`,
        `remove it there first; Quorate will not reset it. Or take ${name} out of the specification`,
        evidence,
      ),
    ];
  if (dirt.ours && ((policy === 'when-ours' && node === undefined) || isOwnAttempt(context, host))) return [];
  const message = whose(context, host, cluster, dirt);
  const ready = node === undefined ? '' : `, and its Node, which is Ready`;
  const effect = `would stop and delete: ${dirt.found.join(', ')}${ready}`;
  return policy === 'never'
    ? [
        fatal(
          'DirtyHost',
          message,
          `policy.resetDirtyHosts is never: run \`kubeadm reset\` on ${name} yourself, or allow it with \`approve\`. A reset ${effect}`,
          evidence,
        ),
      ]
    : [
        approval(
          subjectOf(host, dirt, node),
          'DirtyHost',
          message,
          `approve a reset of ${name}, or abort and take it out of the specification. A reset ${effect}. ${context.cluster} itself is not touched by it`,
          evidence,
        ),
      ];
};
