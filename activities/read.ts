import { readEtcd } from '../adapters/etcd/read-etcd.js';
import { checkReach } from '../adapters/host/reach.js';
import { askServers } from '../adapters/kubernetes/answering.js';
import type { Answering } from '../adapters/kubernetes/answering.js';
import { readBegunCluster, readCluster } from '../adapters/kubernetes/read-cluster.js';
import { createLoadBalancer } from '../adapters/load-balancer/index.js';
import { nameMismatch } from '../model/cluster-name.js';
import { apiServerOf, peersOf } from '../model/control-plane.js';
import type { ClusterFacts, EtcdFacts } from '../model/facts/cluster-facts.js';
import { QuorateError } from '../model/failures/failure.js';
import type { ContextHost, OperationContext } from '../model/operation.js';
import { lostQuorum } from '../model/failures/lost-quorum.js';
import { definitionOf } from '../model/operations.js';
import type { Activities } from './contract.js';
import { askControlPlane, hostOf } from './shared/control-plane.js';
import type { AskedHost } from './shared/control-plane.js';
import type { Dependencies } from './dependencies.js';
import { readTarget } from './host.js';

export const loadBalancerOf = ({ hosts }: Dependencies, { cluster, loadBalancer, endpoint }: OperationContext) =>
  createLoadBalancer({ cluster, hosts, loadBalancer, endpoint });

/** The members as the first ready host tells them, or as any host whose etcd answers when no API server is ready. */
const readEtcdAnywhere = async (asked: readonly AskedHost[]): Promise<EtcdFacts | undefined> => {
  const inOrder = [
    ...asked.filter(({ answer }) => answer.ready),
    ...asked.filter(({ answer }) => !answer.ready && answer.initialised),
  ];
  for (const { host } of inOrder) {
    try {
      return await readEtcd(host);
    } catch {
      // Another host may have a member that answers; none is a finding of the preflight.
    }
  }
  return undefined;
};

/** The endpoint and every other declared API server, asked from the host on which a cluster is to be made. */
const askForOthers = (dependencies: Dependencies, context: OperationContext): Promise<Answering[]> =>
  askServers(hostOf(dependencies, context.target), [
    context.endpoint,
    ...peersOf(context).map(({ address }) => apiServerOf(address)),
  ]);

/**
 * The cluster as the given control-plane hosts show it, read side by side.
 * @throws QuorateError ClusterMismatch when it says that it is another one than that of the specification
 */
export const readClusterFrom = async (
  dependencies: Dependencies,
  context: OperationContext,
  candidates: readonly ContextHost[],
): Promise<ClusterFacts> => {
  // What a load balancer does not tell is no reason to know nothing about the cluster: its steps ask it again.
  const balancing = loadBalancerOf(dependencies, context)
    .describe()
    .then(
      (backends): Pick<ClusterFacts, 'backends' | 'backendsUnread'> => ({ backends }),
      (error: unknown) =>
        error instanceof QuorateError && error.type === 'ClusterMismatch'
          ? error
          : { backends: [], backendsUnread: true as const },
    );
  const { makesCluster } = definitionOf(context);
  const [asked, answering] = await Promise.all([
    askControlPlane(dependencies, context, candidates, { patient: makesCluster }),
    makesCluster ? askForOthers(dependencies, context) : undefined,
  ]);
  const first = asked.find(({ answer }) => answer.ready);
  const [reading, etcd] = await Promise.all([
    first === undefined ? undefined : (makesCluster ? readBegunCluster : readCluster)(first.host, first.entry.address),
    readEtcdAnywhere(asked),
  ]);
  const other = nameMismatch(context.cluster, {
    ...(first === undefined ? {} : { askedAt: first.entry.name }),
    ...reading,
  });
  // Before anything is told or done: whoever may ask for this name may not for that of another cluster.
  if (other !== undefined) throw other;
  const balanced = await balancing;
  if (balanced instanceof QuorateError) throw balanced;
  return {
    controlPlane: asked.map(({ entry, answer }) => ({
      host: entry.name,
      initialised: answer.initialised,
      ready: answer.ready,
      ...(answer.answers === undefined ? {} : { answers: answer.answers }),
      ...(answer.because === undefined ? {} : { because: answer.because }),
    })),
    ...(first === undefined ? {} : { askedAt: first.entry.name }),
    ...(reading ?? { nodes: [], leases: [] }),
    ...(etcd === undefined ? {} : { etcd }),
    ...(answering === undefined ? {} : { answering }),
    ...balanced,
  };
};

/**
 * A control plane that exists but does not answer just now is asked again, as after every other lost connection; one
 * that does not exist is a fact.
 * @throws QuorateError ApiUnavailable, QuorumAtRisk
 */
const requireAnswer = (context: OperationContext, facts: ClusterFacts): void => {
  if (definitionOf(context).makesCluster || facts.askedAt !== undefined) return;
  const silent = facts.controlPlane.filter(
    ({ initialised, because }) => initialised || !/admin\.conf/.test(because ?? ''),
  );
  if (silent.length === 0) return;
  const lost = lostQuorum(context, facts.etcd);
  if (lost !== undefined) throw lost;
  throw new QuorateError('ApiUnavailable', `no API server of ${context.cluster} is ready`, {
    remedy: 'see what the API servers and etcd say there (`quorate status`), then retry',
    evidence: facts.controlPlane.map(({ host, because }) => `${host}: ${because ?? 'not ready'}`),
  });
};

export const readActivities = (
  dependencies: Dependencies,
): Pick<Activities, 'readHost' | 'readCluster' | 'checkReach'> => ({
  readHost: (context) => readTarget(hostOf(dependencies, context.target), context),
  readCluster: async (context) => {
    // A host that is to be the first may carry a cluster already: it is read as one.
    const facts = await readClusterFrom(
      dependencies,
      context,
      definitionOf(context).makesCluster ? context.controlPlane : peersOf(context),
    );
    requireAnswer(context, facts);
    return facts;
  },
  checkReach: (context) => checkReach(dependencies.hosts, context),
});
