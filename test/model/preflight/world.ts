import type { ClusterFacts } from '../../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import type { OperationContext } from '../../../model/operation.js';
import { preflight } from '../../../model/preflight/index.js';
import type { Finding } from '../../../model/preflight/finding.js';
import type { ReachFacts } from '../../../model/facts/reach-facts.js';
import { clusterFacts, hostFacts, noCluster, operationContext, reachFacts } from '../../support/facts.js';

export interface World {
  context: OperationContext;
  host: HostFacts;
  cluster: ClusterFacts | undefined;
  reach: ReachFacts;
}

/** A world in which the operation may go on: cp3 joins cp1 and cp2, unless the context says otherwise. */
export const world = (
  context: OperationContext = operationContext(),
  host: Partial<HostFacts> = {},
  cluster: Partial<ClusterFacts> = {},
): World => ({
  context,
  host: hostFacts({ hostname: context.target.name, addresses: [context.target.address], ...host }),
  cluster: context.kind === 'init' ? { ...noCluster(), ...cluster } : clusterFacts(cluster),
  reach: reachFacts(context),
});

export const check = ({ context, host, cluster, reach }: World): Finding[] => preflight(context, host, cluster, reach);

/** `fatal DirtyHost`, one per finding. */
export const verdicts = (one: World): string[] => check(one).map(({ severity, code }) => `${severity} ${code}`);

/** The findings as one text each: message, then remedy. */
export const texts = (one: World): string[] => check(one).map(({ message, remedy }) => `${message} | ${remedy}`);

export const joinWorker = (): OperationContext => operationContext({ kind: 'join-worker' });
export const init = (): OperationContext => operationContext({ kind: 'init' });
