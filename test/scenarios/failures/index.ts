import type { Scenario } from '../scenario.js';
import { credentials } from './credentials.js';
import { dirtyHosts } from './dirty-hosts.js';
import { endpoint } from './endpoint.js';
import { kubelet } from './kubelet.js';
import { learners } from './learners.js';
import { leftAlone } from './left-alone.js';
import { loadBalancer } from './load-balancer.js';
import { observations } from './observations.js';
import { etcdSnapshots } from './snapshots.js';
import { voters } from './voters.js';

export {
  credentials,
  dirtyHosts,
  endpoint,
  etcdSnapshots,
  kubelet,
  learners,
  leftAlone,
  loadBalancer,
  observations,
  voters,
};

/** Every failure that is met both on simulated hosts and in the lab. */
export const failureScenarios: readonly Scenario[] = [
  ...credentials,
  ...dirtyHosts,
  ...endpoint,
  ...etcdSnapshots,
  ...kubelet,
  ...learners,
  ...leftAlone,
  ...loadBalancer,
  ...observations,
  ...voters,
];
