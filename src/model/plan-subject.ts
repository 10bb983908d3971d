import type { ClusterFacts } from './cluster-facts.js';
import type { HostFacts } from './host-facts.js';
import type { OperationContext } from './operation.js';
import { describeDirt } from './preflight/dirt.js';
import { memberDecision, nodeCaHashes } from './preflight/ownership.js';

/**
 * What an approval of a plan is for: what it would change and destroy, as a structure. Of what the lines of the plan show
 * besides, pids, numbers of files and whether a stale Node is still Ready change by themselves, and are no part of it.
 * @returns canonical JSON
 */
export const planSubject = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): string => {
  const { kind, target, kubernetesVersion, loadBalancer, endpoint } = context;
  const decision = kind === 'join-worker' ? undefined : memberDecision(context, host, cluster);
  const member =
    decision?.kind === 'remove-stale-learner' || decision?.kind === 'remove-stale-voter' ? decision.member : undefined;
  const dirt = describeDirt(context, host, cluster);
  return JSON.stringify({
    kind,
    host: target.name,
    machineId: host.machineId,
    cluster: cluster?.caHash ?? context.cluster,
    kubernetesVersion,
    stopsEarlierCommands: (host.runningUnits ?? []).length > 0,
    removesMember: member?.id ?? null,
    deletesNode: cluster?.nodes.find(({ name }) => name === target.name)?.uid ?? null,
    resets: dirt === undefined ? null : { cas: nodeCaHashes(host).toSorted(), etcdData: host.etcdDataPresent },
    loadBalancers: loadBalancer.kind === 'haproxy' ? loadBalancer.hosts.map(({ name }) => name) : [endpoint],
  });
};
