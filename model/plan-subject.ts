import { z } from 'zod';
import type { ClusterFacts } from './facts/cluster-facts.js';
import type { HostFacts } from './facts/host-facts.js';
import { isAtAddress } from './etcd/member-decision.js';
import type { OperationContext } from './operation.js';
import { definitionOf } from './operations.js';
import { describeDirt } from './preflight/dirt.js';
import { isOwnAttempt, memberDecision, nodeCaHashes } from './preflight/ownership.js';

/**
 * What an approval of a plan is for: what it would change and destroy, as a structure. Of what the lines of the plan show
 * besides, pids, numbers of files and whether a stale Node is still Ready change by themselves, and are no part of it; nor
 * is what this run of the operation has left of an attempt before.
 */
const PlanSubject = z.object({
  kind: z.string(),
  host: z.string(),
  machineId: z.string(),
  /** SPKI hash of the CA; the cluster's name for an `init`, which makes one. */
  cluster: z.string(),
  kubernetesVersion: z.string(),
  stopsEarlierCommands: z.boolean(),
  /** Id of an etcd member. */
  removesMember: z.string().nullable(),
  /** uid of a Node. */
  deletesNode: z.string().nullable(),
  /** SPKI hashes of the CAs on the host, and whether etcd's data is among what is deleted. */
  resets: z.object({ cas: z.array(z.string()), etcdData: z.boolean() }).nullable(),
  loadBalancers: z.array(z.string()),
});
type PlanSubject = z.infer<typeof PlanSubject>;

/** @returns canonical JSON */
export const planSubject = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): string => {
  const { kind, target, kubernetesVersion, loadBalancer, endpoint } = context;
  const { makesCluster, hasEtcdMember } = definitionOf(context);
  const own = isOwnAttempt(context, host);
  const decision = hasEtcdMember ? memberDecision(context, host, cluster) : undefined;
  const member =
    decision?.kind === 'remove-stale-learner' || decision?.kind === 'remove-stale-voter' ? decision.member : undefined;
  const node = cluster?.nodes.find(({ name }) => name === target.name);
  const dirt = own ? undefined : describeDirt(context, host, cluster);
  const subject: PlanSubject = {
    kind,
    host: target.name,
    machineId: host.machineId,
    cluster: (makesCluster ? undefined : cluster?.caHash) ?? context.cluster,
    kubernetesVersion,
    stopsEarlierCommands: (host.runningUnits ?? []).length > 0,
    removesMember: member === undefined || (own && isAtAddress(member, target.address)) ? null : member.id,
    deletesNode: node === undefined || (own && node.machineId === host.machineId) ? null : node.uid,
    resets: dirt === undefined ? null : { cas: nodeCaHashes(host).toSorted(), etcdData: host.etcdDataPresent },
    loadBalancers: loadBalancer.kind === 'haproxy' ? loadBalancer.hosts.map(({ name }) => name) : [endpoint],
  };
  return JSON.stringify(subject);
};

/** What the operation is and where: as it was approved, or it is another plan. */
const change = ({ kind, host, machineId, cluster, kubernetesVersion, loadBalancers }: PlanSubject): string =>
  JSON.stringify([kind, host, machineId, cluster, kubernetesVersion, loadBalancers]);

const parse = (text: string): PlanSubject | undefined => {
  try {
    return PlanSubject.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/**
 * Whether a plan that was approved covers the one of now: the same change, and nothing destroyed that was not approved. What
 * has been done of it meanwhile is no other plan.
 * @param approved and
 * @param now from `planSubject`; of any other text nothing is covered
 */
export const planCovers = (approved: string, now: string): boolean => {
  const [given, asked] = [parse(approved), parse(now)];
  if (given === undefined || asked === undefined) return false;
  const { resets } = asked;
  return (
    change(given) === change(asked) &&
    (given.stopsEarlierCommands || !asked.stopsEarlierCommands) &&
    [null, given.removesMember].includes(asked.removesMember) &&
    [null, given.deletesNode].includes(asked.deletesNode) &&
    (resets === null ||
      (given.resets !== null &&
        resets.cas.every((ca) => given.resets?.cas.includes(ca)) &&
        (given.resets.etcdData || !resets.etcdData)))
  );
};
