import { cancellationSignal } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { readEtcd } from '../adapters/etcd/read-etcd.js';
import { requireRoomForSnapshot } from '../adapters/etcd/snapshot.js';
import { checkReach } from '../adapters/host/reach.js';
import { readNode } from '../adapters/kubernetes/change-node.js';
import { readyz, readyzThroughEndpoint } from '../adapters/kubernetes/readyz.js';
import { execute } from '../adapters/ssh/execute.js';
import { peersOf } from '../model/control-plane.js';
import { isHealthyVoter } from '../model/facts/cluster-facts.js';
import { failureClasses } from '../model/failures/failure.js';
import { probeKinds } from '../model/failures/failure-policy.js';
import type { ProbeKind } from '../model/failures/failure-policy.js';
import { membersOfHost } from '../model/etcd/member-decision.js';
import type { OperationContext } from '../model/operation.js';
import { definitionOf } from '../model/operations.js';
import { errorText } from '../model/failures/operator-error.js';
import { preflight } from '../model/preflight/index.js';
import { reachFindings } from '../model/preflight/reach.js';
import { projectRemoval, quorumState } from '../model/etcd/quorum.js';
import type { Activities } from './contract.js';
import { hostOf, pickControlPlane } from './shared/control-plane.js';
import { readMembersOfTarget } from './shared/members.js';
import type { Dependencies } from './dependencies.js';
import { loadBalancerOf, readActivities } from './read.js';
import { onFirstWithRoom } from './shared/room.js';

type Cause = Parameters<Activities['probeCause']>[1];
/** What was seen when the cause is gone. @throws Error that says what is still wrong */
type Probe = (dependencies: Dependencies, context: OperationContext, cause: Cause) => Promise<string>;

/** A host by the name that its failure had: that of the specification, or that of the SSH configuration. */
const hostNamed = (dependencies: Dependencies, context: OperationContext, name: string) => {
  const balancers = context.loadBalancer.kind === 'haproxy' ? context.loadBalancer.hosts : [];
  const entry = [context.target, ...context.controlPlane, ...balancers].find((one) => one.name === name);
  return entry === undefined ? dependencies.hosts.host(name) : hostOf(dependencies, entry);
};

const host: Probe = async (dependencies, context, cause) => {
  const name = cause.host ?? context.target.name;
  await execute(hostNamed(dependencies, context, name), 'looking whether it answers', 'true', { timeoutMs: 10_000 });
  return `${name} answers again`;
};

const others = (context: OperationContext) =>
  definitionOf(context).makesCluster ? context.controlPlane : peersOf(context);

const api: Probe = async (dependencies, context) => {
  const { entry } = await pickControlPlane(dependencies, context, others(context));
  return `the API server of ${entry.name} is ready`;
};

const etcd: Probe = async (dependencies, context) => {
  const asked = await pickControlPlane(dependencies, context, others(context));
  const { members } = await readEtcd(asked.host);
  const { voters, quorum, healthy } = quorumState(members);
  const leads = members.some(({ status }) => status?.isLeader === true);
  if (!leads || healthy < quorum)
    throw new Error(`${healthy} of ${voters} voters are healthy, ${leads ? 'one' : 'none'} leads`);
  return `etcd has a leader, ${healthy} of ${voters} voters are healthy`;
};

const endpoint: Probe = async (dependencies, context) => {
  const [wrong] = reachFindings(context, undefined, await checkReach(dependencies.hosts, context)).filter(
    ({ severity }) => severity === 'fatal',
  );
  if (wrong !== undefined) throw new Error(wrong.message);
  if (definitionOf(context).makesCluster) return `${context.target.name} reaches ${context.endpoint}`;
  const answer = await readyzThroughEndpoint(hostOf(dependencies, context.target), context.endpoint);
  if (!answer.ok) throw new Error(answer.because ?? `${context.endpoint} does not answer`);
  return `${context.target.name} reaches a ready API server through ${context.endpoint}`;
};

const loadBalancer: Probe = async (dependencies, context, cause) => {
  await loadBalancerOf(dependencies, context).describe();
  // Before init there is no API server that could answer through it.
  return definitionOf(context).makesCluster
    ? 'the load balancer answers again'
    : endpoint(dependencies, context, cause);
};

const cluster: Probe = async (dependencies, context) => {
  const read = readActivities(dependencies);
  const [hostFacts, clusterFacts] = await Promise.all([read.readHost(context), read.readCluster(context)]);
  const [wrong] = preflight(context, hostFacts, clusterFacts, { dials: [], mtu: [] }).filter(
    ({ severity, code }) => severity === 'fatal' && failureClasses[code] === 'cluster-unhealthy',
  );
  if (wrong !== undefined) throw new Error(wrong.message);
  return `${context.cluster} is healthy again`;
};

const quorum: Probe = async (dependencies, context) => {
  const asked = await pickControlPlane(dependencies, context);
  const { members } = await readEtcd(asked.host);
  for (const { id } of membersOfHost(context.target, members)) {
    const projection = projectRemoval(members, id);
    if (!projection.allowed) throw new Error(projection.because);
  }
  return 'the member may be removed: a majority of the others is healthy';
};

const node: Probe = async (dependencies, context) => {
  const { name } = context.target;
  const asked = await pickControlPlane(dependencies, context, others(context));
  const found = await readNode(asked.host, asked.entry.address, name);
  if (found?.ready !== true)
    throw new Error(`Node ${name}: ${found?.notReadyBecause ?? (found ? 'not Ready' : 'there is none')}`);
  return `Node ${name} is Ready`;
};

const member: Probe = async (dependencies, context) => {
  const { name } = context.target;
  const asked = await pickControlPlane(dependencies, context, others(context));
  const [own] = await readMembersOfTarget(context, asked.host);
  if (own === undefined || !isHealthyVoter(own)) throw new Error(`the etcd member of ${name} is no healthy voter yet`);
  return `the etcd member of ${name} is a healthy voter`;
};

const ownApi: Probe = async (dependencies, context) => {
  const { name, address } = context.target;
  const { ready, because } = await readyz(hostOf(dependencies, context.target), address);
  if (!ready) throw new Error(`the API server of ${name}: ${because ?? 'not ready'}`);
  return `the API server of ${name} is ready`;
};

const backend: Probe = async (dependencies, context, cause) => {
  const { name } = context.target;
  if (context.loadBalancer.kind === 'external') return endpoint(dependencies, context, cause);
  const seen = (await loadBalancerOf(dependencies, context).describe()).filter((one) => one.name === name);
  const away = seen.find(({ status }) => status !== 'UP');
  if (away !== undefined || seen.length === 0)
    throw new Error(
      away === undefined
        ? `no load balancer knows ${name}`
        : `${away.loadBalancer} sees ${name} ${away.status} (${away.lastCheck})`,
    );
  return `the load balancer sees ${name} UP`;
};

const space: Probe = async (dependencies, context) => {
  const { entry } = await onFirstWithRoom(dependencies, context, requireRoomForSnapshot);
  return `${entry.name} has room for a snapshot of etcd`;
};

const probes: Readonly<Record<ProbeKind, Probe>> = {
  host,
  api,
  etcd,
  'load-balancer': loadBalancer,
  endpoint,
  cluster,
  quorum,
  node,
  member,
  'own-api': ownApi,
  backend,
  space,
};

export const probeActivities = (dependencies: Dependencies): Pick<Activities, 'probeCause'> => ({
  probeCause: async (context, cause) => {
    try {
      return await probes[cause.kind](dependencies, context, cause);
    } catch (error) {
      if (cancellationSignal().aborted) throw error;
      // Tried again by Temporal until it is cancelled: a probe decides nothing but that there is something to try.
      throw ApplicationFailure.create({
        type: 'CauseNotGone',
        message: `not yet (${probeKinds[cause.kind]}): ${errorText(error)}`,
        category: ApplicationFailureCategory.BENIGN,
        ...(error instanceof Error ? { cause: error } : {}),
      });
    }
  },
});
