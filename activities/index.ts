import type { Activities } from './contract.js';
import { guarded } from './boundary.js';
import type { Dependencies } from './dependencies.js';
import { etcdActivities } from './etcd.js';
import { hostActivities } from './host.js';
import { kubeadmActivities } from './kubeadm.js';
import { loadBalancerActivities } from './load-balancer.js';
import { notifyActivities } from './notify.js';
import { probeActivities } from './probe.js';
import { proofActivities } from './proofs.js';
import { readActivities } from './read.js';
import { recallActivities } from './recall.js';
import { statusActivities } from './status.js';
import { undoActivities } from './undo.js';
import { watchActivities } from './watch.js';

export type { Activities } from './contract.js';
export type { Dependencies } from './dependencies.js';

/** Every activity by its name, each with the treatment of `guarded`. */
export const createActivities = (dependencies: Dependencies): Activities => {
  const activities: Activities = {
    ...readActivities(dependencies),
    ...statusActivities(dependencies),
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
  return {
    readHost: guarded(activities.readHost),
    readCluster: guarded(activities.readCluster),
    checkReach: guarded(activities.checkReach),
    readStatus: guarded(activities.readStatus),
    snapshotEtcd: guarded(activities.snapshotEtcd),
    removeStaleMember: guarded(activities.removeStaleMember),
    stopEarlier: guarded(activities.stopEarlier),
    resetHost: guarded(activities.resetHost),
    prepareHost: guarded(activities.prepareHost),
    createCredentials: guarded(activities.createCredentials),
    revokeCredentials: guarded(activities.revokeCredentials),
    writeInitConfiguration: guarded(activities.writeInitConfiguration),
    runKubeadm: guarded(activities.runKubeadm),
    readJoin: guarded(activities.readJoin),
    undoJoin: guarded(activities.undoJoin),
    undoInit: guarded(activities.undoInit),
    proveControlPlane: guarded(activities.proveControlPlane),
    proveWorker: guarded(activities.proveWorker),
    registerBackend: guarded(activities.registerBackend),
    enableBackend: guarded(activities.enableBackend),
    disableBackend: guarded(activities.disableBackend),
    removeBackend: guarded(activities.removeBackend),
    probeCause: guarded(activities.probeCause),
    notify: guarded(activities.notify),
    watchOperation: guarded(activities.watchOperation),
    seeEnding: guarded(activities.seeEnding),
    findOperation: guarded(activities.findOperation),
    recallQueue: guarded(activities.recallQueue),
  };
};
