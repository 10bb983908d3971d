import type { Activities } from './contract.js';
import { guarded } from './boundary.js';
import type { Dependencies } from './dependencies.js';
import { claimActivities } from './claim.js';
import { etcdActivities } from './etcd.js';
import { hostActivities } from './host.js';
import { kubeadmActivities } from './kubeadm.js';
import { loadBalancerActivities } from './load-balancer.js';
import { notifyActivities } from './notify.js';
import { probeActivities } from './probe.js';
import { proofActivities } from './proofs.js';
import { readActivities } from './read.js';
import { recallActivities } from './lost-queue.js';
import { statusActivities } from './status.js';
import { undoActivities } from './undo.js';
import { watchActivities } from './watch.js';

export type { Activities } from './contract.js';
export type { Dependencies } from './dependencies.js';

/** Each of them with the treatment of `guarded`. */
const guardAll = (activities: Activities): Activities =>
  Object.fromEntries(
    Object.entries(activities).map(([name, activity]: [string, (...args: unknown[]) => Promise<unknown>]) => [
      name,
      guarded(activity),
    ]),
  ) as unknown as Activities;

/** Every activity by its name, each with the treatment of `guarded`. */
export const createActivities = (dependencies: Dependencies): Activities => {
  const activities: Activities = {
    ...readActivities(dependencies),
    ...statusActivities(dependencies),
    ...claimActivities(dependencies),
    ...etcdActivities(dependencies),
    ...hostActivities(dependencies),
    ...kubeadmActivities(dependencies),
    ...proofActivities(dependencies),
    ...loadBalancerActivities(dependencies),
    ...undoActivities(dependencies),
    ...probeActivities(dependencies),
    ...notifyActivities(dependencies),
    ...watchActivities(),
    ...recallActivities(),
  };
  return guardAll(activities);
};
