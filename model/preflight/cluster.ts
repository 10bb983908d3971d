import type { ClusterFacts } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import { sameEndpoint } from '../network-address.js';
import type { OperationContext } from '../operation.js';
import { definitionOf } from '../operations.js';
import { etcdFindings } from './etcd.js';
import { fatal, warning, type Finding } from './finding.js';
import { isBlank, serverLine } from './servers.js';

/** Why the cluster cannot be joined at all; empty when one of its API servers was asked. */
const availability = (context: OperationContext, cluster: ClusterFacts | undefined): Finding[] => {
  const servers = (cluster?.controlPlane ?? []).filter((server) => server.host !== context.target.name);
  const evidence = servers.map(serverLine);
  if (cluster?.askedAt !== undefined && servers.some((server) => server.ready)) return [];
  const initialised = servers.filter((server) => server.initialised);
  if (initialised.length > 0)
    return [
      fatal(
        'ApiUnavailable',
        `no API server of ${context.cluster} is ready on ${initialised.map((server) => server.host).join(', ')}`,
        'see what the API servers and etcd say there (`quorate status`), then retry',
        evidence,
      ),
    ];
  if (servers.every(isBlank))
    return [
      fatal(
        'NotInitialised',
        `no control-plane host carries ${context.cluster} yet`,
        `make the cluster first: \`quorate init\` with ${context.controlPlane[0]?.name ?? 'a control-plane host'}`,
        evidence,
      ),
    ];
  return [
    fatal(
      'ApiUnavailable',
      `${context.cluster} was found on no control-plane host that could be asked`,
      'see that ssh reaches the hosts named; do not initialise the cluster again',
      evidence,
    ),
  ];
};

/** Names of values that must agree: kubeadm takes the server from cluster-info and the rest from kubeadm-config. */
const agreement = (context: OperationContext, cluster: ClusterFacts): Finding[] => {
  const { clusterInfoEndpoint, kubeadmConfigEndpoint, clusterInfoCaHash, caHash } = cluster;
  const findings: Finding[] = [];
  const values = [clusterInfoEndpoint, kubeadmConfigEndpoint].filter((value) => value !== undefined);
  if (values.some((value) => !sameEndpoint(value, context.endpoint)))
    findings.push(
      fatal(
        'ClusterMismatch',
        `cluster-info says ${clusterInfoEndpoint ?? 'nothing'}, kubeadm-config says ${kubeadmConfigEndpoint ?? 'nothing'}, the specification says ${context.endpoint}`,
        'correct spec.controlPlaneEndpoint, or rewrite cluster-info from kubeadm-config with `kubeadm init phase bootstrap-token`',
      ),
    );
  else if (kubeadmConfigEndpoint === undefined && definitionOf(context).hasEtcdMember)
    findings.push(
      fatal(
        'ClusterMismatch',
        `${context.cluster} has no controlPlaneEndpoint in kubeadm-config; it cannot take another control-plane node`,
        `set controlPlaneEndpoint: ${context.endpoint} in ConfigMap kube-system/kubeadm-config; the certificates of the API servers must name it`,
      ),
    );
  if (clusterInfoCaHash !== undefined && caHash !== undefined && clusterInfoCaHash !== caHash)
    findings.push(
      fatal(
        'ClusterMismatch',
        `the CA in cluster-info (${clusterInfoCaHash}) differs from ca.crt on ${cluster.askedAt} (${caHash})`,
        `run \`kubeadm init phase bootstrap-token\` on ${cluster.askedAt}`,
      ),
    );
  return findings;
};

/** A leader renews its lease every few seconds. */
const leaseMayBeSeconds = 30;

const leaders = (context: OperationContext, cluster: ClusterFacts): Finding[] => {
  const stale = (name: string): string | undefined => {
    const lease = cluster.leases.find((one) => one.name === name);
    if (lease === undefined) return 'there is no lease';
    return lease.ageSeconds > leaseMayBeSeconds
      ? `${lease.holder} renewed its lease ${Math.round(lease.ageSeconds)} s ago`
      : undefined;
  };
  const manager = stale('kube-controller-manager');
  const scheduler = stale('kube-scheduler');
  const hosts = context.controlPlane.map((host) => host.name).join(', ');
  return [
    ...(manager === undefined
      ? []
      : [
          fatal(
            'ControllerManagerNotLeading',
            `no kube-controller-manager leads ${context.cluster} (${manager}): join tokens would not be signed, certificates not issued`,
            `mend the controller-manager on one of ${hosts}; do not create tokens anew`,
          ),
        ]),
    ...(scheduler === undefined
      ? []
      : [
          warning(
            'ControlPlaneNotReady',
            `no kube-scheduler leads ${context.cluster} (${scheduler}): Pods are not scheduled`,
            `mend the scheduler on one of ${hosts}`,
          ),
        ]),
  ];
};

const alarms = (context: OperationContext, cluster: ClusterFacts): Finding[] =>
  (cluster.etcd?.alarms ?? []).length === 0
    ? []
    : [
        fatal(
          'EtcdUnhealthy',
          `etcd of ${context.cluster} has the alarm ${cluster.etcd?.alarms.join(', ')}`,
          'NOSPACE: compact, defragment, then `etcdctl alarm disarm`. CORRUPT: replace the member; then retry',
        ),
      ];

/** HAProxy sends traffic to a server without a check whether it is ready or not. */
const backends = (context: OperationContext, cluster: ClusterFacts): Finding[] =>
  cluster.backends
    .filter((backend) => backend.status.toLowerCase() === 'no check')
    .map((backend) =>
      warning(
        'BackendNotUp',
        `${backend.loadBalancer} has no active health check on ${backend.name}; traffic reaches it before it is ready`,
        `let Quorate manage the backend, or add \`check\` to the server in HAProxy's configuration`,
        [`${backend.loadBalancer}: ${backend.name} ${backend.address} ${backend.status}`],
      ),
    );

/** Whether the cluster can take the host now. */
export const joinFindings = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Finding[] => {
  const unavailable = availability(context, cluster);
  if (unavailable.length > 0 || cluster === undefined) return unavailable;
  return [
    ...agreement(context, cluster),
    ...alarms(context, cluster),
    ...(definitionOf(context).hasEtcdMember ? etcdFindings(context, host, cluster) : []),
    ...leaders(context, cluster),
    ...backends(context, cluster),
  ];
};
