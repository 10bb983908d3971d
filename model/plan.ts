import type { ClusterFacts, EtcdMember } from './facts/cluster-facts.js';
import type { HostFacts } from './facts/host-facts.js';
import type { OperationContext } from './operation.js';
import { definitionOf } from './operations.js';
import { alreadyJoined, describeDirt } from './preflight/dirt.js';
import { memberDecision } from './preflight/ownership.js';
import { memberLabel, projectAddition } from './etcd/quorum.js';

/** What a plan is made from: the world as the step `read` saw it. */
export interface PlanWorld {
  readonly context: OperationContext;
  readonly host: HostFacts;
  readonly cluster: ClusterFacts | undefined;
}

/** What a step will change, one line each for the operator; none where it has nothing to do. */
export type PlanLines = (world: PlanWorld) => readonly string[];

const balancersOf = ({ loadBalancer }: OperationContext): string | undefined =>
  loadBalancer.kind === 'haproxy' ? loadBalancer.hosts.map((host) => host.name).join(', ') : undefined;

const staleMemberOf = ({ context, host, cluster }: PlanWorld) => {
  const decision = memberDecision(context, host, cluster);
  return decision?.kind === 'remove-stale-learner' || decision?.kind === 'remove-stale-voter' ? decision : undefined;
};

export const stopLines: PlanLines = ({ context: { target }, host: { runningUnits } }) =>
  runningUnits === undefined
    ? []
    : [`stop ${runningUnits.join(', ')} on ${target.name}, left running by an earlier operation; then read it again`];

/** Not for a cluster that is made: it has its name from the beginning. */
export const claimLines: PlanLines = ({ context, cluster }) =>
  definitionOf(context).makesCluster || cluster?.managedAs === context.cluster
    ? []
    : [`write into the cluster that it is ${context.cluster} (ConfigMap kube-system/quorate)`];

export const snapshotLines: PlanLines = ({ context, cluster }) => [
  `snapshot etcd${cluster?.etcd === undefined ? '' : ` on ${cluster.etcd.askedAt}`}, keep ${context.policy.snapshotsKept}`,
];

export const staleNodeLines: PlanLines = ({ context, cluster }) => {
  const node = cluster?.nodes.find((one) => one.name === context.target.name);
  if (node === undefined) return [];
  const ready = node.ready ? 'still Ready' : 'NotReady';
  return [`delete the stale Node ${node.name} (${ready}, created ${node.createdAt})`];
};

/** Its etcd member, then its Node. */
export const staleMemberLines: PlanLines = (world) => {
  const stale = staleMemberOf(world);
  const what = stale?.member.isLearner === true ? 'learner' : 'member';
  return [
    ...(stale === undefined
      ? []
      : [`remove the stale etcd ${what} ${memberLabel(stale.member)}: ${stale.projection.text}`]),
    ...staleNodeLines(world),
  ];
};

export const resetLines: PlanLines = ({ context, host, cluster }) => {
  const dirt = describeDirt(context, host, cluster);
  return dirt === undefined ? [] : [`reset ${context.target.name}: ${dirt.found.join(', ')}`];
};

export const prepareLines: PlanLines = ({ context: { target, kubernetesVersion } }) => [
  `prepare ${target.name}: kubelet enabled, kernel modules, sysctls, images of ${kubernetesVersion}`,
];

export const registerDisabledLines: PlanLines = ({ context }) => {
  const balancers = balancersOf(context);
  return balancers === undefined ? [] : [`register ${context.target.name} on ${balancers}, disabled`];
};

export const registerFirstLines: PlanLines = ({ context }) => {
  const balancers = balancersOf(context);
  return balancers === undefined ? [] : [`register ${context.target.name} on ${balancers} as the first API server`];
};

/** With what becomes of etcd's quorum, where a member is added. */
export const joinLines: PlanLines = (world) => {
  const { context, cluster } = world;
  const { hasEtcdMember, phrase } = definitionOf(context);
  const joins = phrase({ cluster: context.cluster, host: context.target.name });
  if (!hasEtcdMember) return [joins];
  const stale = staleMemberOf(world)?.member.id;
  const members: readonly EtcdMember[] = cluster?.etcd?.members ?? [];
  return [`${joins}: ${projectAddition(members.filter(({ id }) => id !== stale)).text}`];
};

export const initLines: PlanLines = ({ context }) => [
  `initialise ${context.cluster} ${context.kubernetesVersion} on ${context.target.name}: ${projectAddition([]).text}`,
];

/** The first backend is enabled from the beginning. */
export const enableLines: PlanLines = ({ context }) => {
  const { name } = context.target;
  if (definitionOf(context).makesCluster) return [`verify the endpoint ${context.endpoint}`];
  const balancers = balancersOf(context);
  if (balancers !== undefined) return [`enable ${name} on ${balancers} when it is ready`];
  return [`verify the endpoint ${context.endpoint} when ${name} is ready`];
};

/** The whole plan of a join or an init whose host is a member already; undefined where there is something to do. */
export const alreadyJoinedLine = ({ context, host, cluster }: PlanWorld): string | undefined =>
  alreadyJoined(context, host, cluster)
    ? `verify ${context.target.name}, which is a member of ${context.cluster} already; nothing is reset or joined`
    : undefined;
