import type { Activities } from '../../../src/activities/contract.js';
import type { Specification } from '../../../src/model/specification/specification.js';
import { startSimulation } from '../../../lab/simulation/index.js';
import type { Simulation, SimulationOptions } from '../../../lab/simulation/index.js';
import { startOperations } from '../../scenarios/operations.js';
import type { Operations } from '../../scenarios/operations.js';
import { uniqueName } from '../../support/temporal.js';

export { decideAndWait, requireFinished } from '../../scenarios/operations.js';
export type { Outcome } from '../../scenarios/operations.js';

/** The product on simulated hosts. */
export interface Product extends Operations {
  readonly simulation: Simulation;
}

export const startProduct = async (
  options: Omit<SimulationOptions, 'name'>,
  change?: (specification: Specification) => Specification,
  wrap?: (activities: Activities) => Activities,
): Promise<Product> => {
  const cluster = uniqueName('sim');
  const simulation = await startSimulation({ ...options, name: cluster });
  const { hosts, sshConfigFile } = simulation;
  const operations = await startOperations({
    cluster,
    hosts,
    sshConfigFile,
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
