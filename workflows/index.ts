// Every function exported here becomes a workflow type: export workflows only.
export { clusterEntity } from './cluster-entity.js';
export { initCluster } from './operations/init-cluster.js';
export { joinControlPlane } from './operations/join-control-plane.js';
export { joinWorker } from './operations/join-worker.js';
export { deliverNotification } from './operations/deliver-notification.js';
export { planChange } from './operations/plan-change.js';
export { readClusterStatus } from './operations/read-cluster-status.js';
