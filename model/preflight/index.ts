import type { ClusterFacts } from '../facts/cluster-facts.js';
import { failureClasses } from '../failures/failure.js';
import type { HostFacts } from '../facts/host-facts.js';
import type { OperationContext } from '../operation.js';
import { definitionOf, type PreflightCheck } from '../operations.js';
import type { ReachFacts } from '../facts/reach-facts.js';
import { clockFindings } from './clock.js';
import { joinFindings } from './cluster.js';
import { dirtFindings } from './dirt.js';
import type { Finding } from './finding.js';
import { hostFindings } from './host.js';
import { identityFindings } from './identity.js';
import { initFindings } from './init.js';
import { alreadyJoined } from './joined.js';
import { livingFindings } from './living.js';
import { portFindings } from './ports.js';
import { reachFindings } from './reach.js';
import { runningFindings } from './running.js';
import { versionFindings } from './versions.js';

/** A fatal finding names the failure of the operation: what no wait can mend goes before what may pass. */
const rank = ({ severity, code }: Finding): number => {
  if (severity === 'warning') return 9;
  if (severity === 'approval') return 8;
  if (code === 'ForeignHost') return 0;
  switch (failureClasses[code]) {
    case 'definitive':
      return 1;
    case 'dirty-host':
    case 'approval':
      return 2;
    case 'cluster-unhealthy':
      return 3;
    case 'credential':
    case 'not-ready-yet':
    case 'transient':
      return 4;
  }
};

/** In the order in which they are made, and told among their like. */
const checks: Readonly<
  Record<
    PreflightCheck,
    (context: OperationContext, host: HostFacts, cluster: ClusterFacts | undefined, reach: ReachFacts) => Finding[]
  >
> = {
  init: initFindings,
  join: joinFindings,
  running: runningFindings,
  dirt: dirtFindings,
  identity: identityFindings,
  living: livingFindings,
  host: hostFindings,
  versions: versionFindings,
  clock: clockFindings,
  ports: portFindings,
  reach: (context, _, cluster, reach) => reachFindings(context, cluster, reach),
};

/**
 * The one gate before any change: everything that is wrong with the host, the cluster and the ways between them, fatal
 * findings first. Empty when the operation may go on.
 */
export const preflight = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
  reach: ReachFacts,
): Finding[] => {
  const { checks: wanted, makesCluster } = definitionOf(context);
  // A member that is there already is only proven; an init by another operation must not pass for that.
  if (alreadyJoined(context, host, cluster) && (!makesCluster || host.marker?.operation === context.operation))
    return clockFindings(context, host).map((one) => ({ ...one, severity: 'warning' as const }));
  return Object.entries(checks)
    .flatMap(([name, check]) => (wanted.some((one) => one === name) ? check(context, host, cluster, reach) : []))
    .toSorted((a, b) => rank(a) - rank(b));
};
