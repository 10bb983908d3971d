import { etcdOn } from '../../../lab/simulation/etcd/server.js';
import type { Simulation } from '../../../lab/simulation/index.js';

const everyMs = 20;
const afterFailureMs = 300;

/**
 * Applies the Pod network as soon as an API server of cp1 serves, so that nobody waits for it.
 * @param isOver with it, a cluster that is made anew gets its network as well, until it answers true
 */
export const installNetwork = async (simulation: Simulation, isOver?: () => boolean): Promise<void> => {
  const { observer } = simulation;
  const applied = new Set<string>();
  while (isOver?.() !== true) {
    const cluster = etcdOn(simulation.host('cp1').machine)?.cluster.id;
    let pauseMs = everyMs;
    if (
      cluster !== undefined &&
      !applied.has(cluster) &&
      observer.isServing('cp1') &&
      observer.read('cp1', '/etc/kubernetes/admin.conf') !== undefined
    ) {
      await simulation.installNetwork('cp1').then(
        () => applied.add(cluster),
        () => (pauseMs = afterFailureMs),
      );
      if (isOver === undefined && applied.size > 0) return;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
};
