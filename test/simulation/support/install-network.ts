import type { Simulation } from '../../../lab/simulation/index.js';

const everyMs = 20;

/** Applies the Pod network as soon as an API server of cp1 serves, so that nobody waits for it. */
export const installNetwork = async (simulation: Simulation, isOver: () => boolean = () => false): Promise<void> => {
  const { observer } = simulation;
  while (!isOver()) {
    if (observer.isServing('cp1') && observer.read('cp1', '/etc/kubernetes/admin.conf') !== undefined) {
      const applied = await simulation.installNetwork('cp1').then(
        () => true,
        () => false,
      );
      if (applied) return;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
};
