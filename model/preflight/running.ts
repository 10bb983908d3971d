import type { ClusterFacts } from '../facts/cluster-facts.js';
import type { HostFacts } from '../facts/host-facts.js';
import type { OperationContext } from '../operation.js';
import { fatal, type Finding } from './finding.js';
import { sameCluster } from './ownership.js';

/**
 * Commands of operations that run on the host now. Those of this cluster are stopped: the queue of a cluster lets no two
 * operations at one host. Those of another cluster have a queue that this one knows nothing of.
 */
export const runningFindings = (
  context: OperationContext,
  host: HostFacts,
  cluster: ClusterFacts | undefined,
): Finding[] => {
  const { marker, runningUnits: [unit] = [] } = host;
  if (unit === undefined || marker === undefined) return [];
  if (marker.cluster === context.cluster || sameCluster(host, cluster) === true) return [];
  const { name } = context.target;
  return [
    fatal(
      'ForeignHost',
      `an operation of the cluster ${marker.cluster} runs on ${name} (${unit})`,
      `let ${marker.operation} end, or abort it and \`systemctl stop ${unit}\` on ${name}; or take ${name} out of the specification`,
      [`${unit} is running`, `marker of the operation ${marker.operation}`],
    ),
  ];
};
