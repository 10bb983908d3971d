import type { Before } from '../../src/activities/contract.js';
import { readActivities } from '../../src/activities/read.js';
import { checkedOf } from '../../src/model/checked.js';
import type { Checked } from '../../src/model/checked.js';
import { keepOf } from '../../src/model/keep.js';
import type { OperationContext } from '../../src/model/operation.js';
import { describeDirt } from '../../src/model/preflight/dirt.js';
import { isOwnAttempt } from '../../src/model/preflight/ownership.js';
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
