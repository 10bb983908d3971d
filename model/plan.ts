import type { ClusterFacts, EtcdMember } from './cluster-facts.js';
import type { HostFacts } from './host-facts.js';
import type { OperationContext } from './operation.js';
import { alreadyJoined, describeDirt } from './preflight/dirt.js';
import { memberDecision } from './preflight/ownership.js';
import { memberLabel, projectAddition } from './quorum.js';

const staleNode = (context: OperationContext, cluster: ClusterFacts | undefined): string[] => {
  const node = cluster?.nodes.find((one) => one.name === context.target.name);
  if (node === undefined) return [];
  const ready = node.ready ? 'still Ready' : 'NotReady';
  return [`delete the stale Node ${node.name} (${ready}, created ${node.createdAt})`];
};

const stopLine = ({ target }: OperationContext, { runningUnits }: HostFacts): string[] =>
  runningUnits === undefined
    ? []
    : [`stop ${runningUnits.join(', ')} on ${target.name}, left running by an earlier operation; then read it again`];

const resetLine = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): string[] => {
  const dirt = describeDirt(context, host, cluster);
  return dirt === undefined ? [] : [`reset ${context.target.name}: ${dirt.found.join(', ')}`];
};

const balancers = (context: OperationContext): string | undefined =>
  context.loadBalancer.kind === 'haproxy' ? context.loadBalancer.hosts.map((host) => host.name).join(', ') : undefined;

const prepareLine = ({ target, kubernetesVersion }: OperationContext): string =>
  `prepare ${target.name}: kubelet enabled, kernel modules, sysctls, images of ${kubernetesVersion}`;

const controlPlaneJoin = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): string[] => {
  const { name } = context.target;
  const decision = memberDecision(context, host, cluster);
  const stale =
    decision?.kind === 'remove-stale-learner' || decision?.kind === 'remove-stale-voter' ? decision : undefined;
  const members: readonly EtcdMember[] = cluster?.etcd?.members ?? [];
  const addition = projectAddition(members.filter((member) => member.id !== stale?.member.id));
  const balancer = balancers(context);
  const kind = stale?.member.isLearner === true ? 'learner' : 'member';
  return [
    ...stopLine(context, host),
    `snapshot etcd${cluster?.etcd === undefined ? '' : ` on ${cluster.etcd.askedAt}`}, keep ${context.policy.snapshotsKept}`,
    ...(stale === undefined
      ? []
      : [`remove the stale etcd ${kind} ${memberLabel(stale.member)}: ${stale.projection.text}`]),
    ...staleNode(context, cluster),
    ...resetLine(context, host, cluster),
    prepareLine(context),
    ...(balancer === undefined ? [] : [`register ${name} on ${balancer}, disabled`]),
    `join ${name} as a control-plane node of ${context.cluster}: ${addition.text}`,
    balancer === undefined
      ? `verify the endpoint ${context.endpoint} when ${name} is ready`
      : `enable ${name} on ${balancer} when it is ready`,
  ];
};

const workerJoin = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): string[] => [
  ...stopLine(context, host),
  ...staleNode(context, cluster),
  ...resetLine(context, host, cluster),
  prepareLine(context),
  `join ${context.target.name} as a worker of ${context.cluster}`,
];

const init = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): string[] => {
  const { name } = context.target;
  const balancer = balancers(context);
  return [
    ...stopLine(context, host),
    ...resetLine(context, host, cluster),
    prepareLine(context),
    ...(balancer === undefined ? [] : [`register ${name} on ${balancer} as the first API server`]),
    `initialise ${context.cluster} ${context.kubernetesVersion} on ${name}: ${projectAddition([]).text}`,
    `verify the endpoint ${context.endpoint}`,
  ];
};

/** What the operation will change, in order, one line each for the operator. For findings without anything fatal. */
export const plan = (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined): string[] => {
  const { name } = context.target;
  if (alreadyJoined(context, host, cluster))
    return [`verify ${name}, which is a member of ${context.cluster} already; nothing is reset or joined`];
  switch (context.kind) {
    case 'init':
      return init(context, host, cluster);
    case 'join-control-plane':
      return controlPlaneJoin(context, host, cluster);
    case 'join-worker':
      return workerJoin(context, host, cluster);
  }
};
