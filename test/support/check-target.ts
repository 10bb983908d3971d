import type { Before } from '../../activities/contract.js';
import { readActivities } from '../../activities/read.js';
import { checkedOf } from '../../model/checked.js';
import type { Checked } from '../../model/checked.js';
import { keepOf } from '../../model/reset/keep.js';
import type { OperationContext } from '../../model/operation.js';
import { describeDirt } from '../../model/preflight/dirt.js';
import { isOwnAttempt } from '../../model/preflight/ownership.js';
import { activityEnvironment } from './activity-environment.js';
import type { SimulatedCluster } from './simulated-cluster.js';

/** What the steps `read` and `check` of an operation see now: what its destructive acts rest on, and what its undo goes back to. */
export const checkTarget = (
  { dependencies }: Pick<SimulatedCluster, 'dependencies'>,
  context: OperationContext,
): Promise<{ checked: Checked; before: Before }> =>
  activityEnvironment().run(async () => {
    const { readHost, readCluster } = readActivities(dependencies);
    const host = await readHost(context);
    const cluster = await readCluster(context);
    const node = cluster.nodes.find(({ name }) => name === context.target.name);
    const keep = keepOf(host, { reset: describeDirt(context, host, cluster) !== undefined });
    return {
      checked: checkedOf(context, host, cluster, isOwnAttempt(context, host)),
      before: { ...(node === undefined ? {} : { nodeUid: node.uid }), machineId: host.machineId, keep },
    };
  });
