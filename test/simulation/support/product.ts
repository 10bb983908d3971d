import type { Activities } from '../../../activities/contract.js';
import type { Specification } from '../../../model/specification/specification.js';
import { startSimulation } from '../../../lab/simulation/index.js';
import type { Simulation, SimulationOptions } from '../../../lab/simulation/index.js';
import { startOperations } from '../../scenarios/operations.js';
import type { Operations } from '../../scenarios/operations.js';
import { sharedWorker } from '../../scenarios/shared-worker.js';
import { uniqueName } from '../../support/temporal.js';
import { evidenceExists } from '../../support/verdict-moments.js';
import { playsOnHosts } from '../../support/verdicts.js';

export { decideAndWait, requireFinished } from '../../scenarios/operations.js';
export type { Outcome } from '../../scenarios/operations.js';

/** kubeadm has given up when it prints its error. */
const watchKubeadm = ({ hosts }: Simulation): void => {
  for (const { machine } of hosts)
    machine.files.watch('/var/log/quorate/', (path) => {
      if (/^error: /m.test(machine.files.readIfThere(path) ?? '')) evidenceExists('kubeadm');
    });
};

/** The product on simulated hosts. */
export interface Product extends Operations {
  readonly simulation: Simulation;
}

export const startProduct = async (
  options: Omit<SimulationOptions, 'name'>,
  change?: (specification: Specification) => Specification,
  wrap?: (activities: Activities) => Activities,
): Promise<Product> => {
  playsOnHosts();
  const cluster = uniqueName('sim');
  const simulation = await startSimulation({ ...options, name: cluster });
  const { hosts, sshConfigFile } = simulation;
  watchKubeadm(simulation);
  const operations = await startOperations({
    cluster,
    hosts,
    sshConfigFile,
    startWorker: sharedWorker,
    ...(change === undefined ? {} : { change }),
    ...(wrap === undefined ? {} : { wrap }),
  });
  return {
    ...operations,
    simulation,
    stop: async () => {
      await operations.stop();
      await simulation.down();
    },
  };
};
