import { describe, it } from 'vitest';
import { endpoint, loadBalancer } from '../../scenarios/failures/index.js';
import { buildCluster } from '../support/cluster.js';
import { expectRefused, expectUntouched } from '../support/expect.js';
import { runSimulated } from '../support/site.js';

describe('load balancer and endpoint', () => {
  for (const scenario of [...endpoint, ...loadBalancer]) it(scenario.name, () => runSimulated(scenario));

  // All hosts of a lab have the one clock of the machine.
  it('F10: a clock that is an hour off', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    simulation.faults.clock('w1', 3_600_000);
    expectRefused(await cluster.run('join-worker', 'w1'), 'ClockSkew', /the clock of w1 is 3600\.\d s ahead/);
    expectUntouched(simulation, 'w1');
    await simulation.faults.clear();
    await cluster.finish('join-worker', 'w1');
  });
});
