import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTopology } from '../../lab/topology.js';
import type { OperationKind } from '../../src/model/operation.js';
import { requireFinished, startProduct } from './support/product.js';
import type { Outcome, Product } from './support/product.js';

let product: Product;
const finish = async (kind: OperationKind, host: string): Promise<Outcome> =>
  requireFinished(await product.run(kind, host), product.simulation);
beforeAll(async () => {
  product = await startProduct({
    hosts: makeTopology({ controlPlanes: 3, workers: 1, loadBalancers: 1 }),
    timeScale: 0.1,
  });
});
afterAll(async () => {
  await product.stop();
});

describe('the main job on simulated hosts', () => {
  it('builds a cluster of three API servers and a worker, each proven', async () => {
    await finish('init', 'cp1');
    await product.simulation.installNetwork('cp1');
    await finish('join-control-plane', 'cp2');
    await finish('join-control-plane', 'cp3');
    await finish('join-worker', 'w1');
    const { observer, world } = product.simulation;
    expect(observer.voters()).toEqual(['cp1', 'cp2', 'cp3']);
    expect(observer.members().every(({ isHealthy }) => isHealthy)).toBe(true);
    expect(observer.readyNodes()).toEqual(['cp1', 'cp2', 'cp3', 'w1']);
    expect(await observer.backends('lb1')).toMatchObject([
      { name: 'cp1', status: 'UP' },
      { name: 'cp2', status: 'UP' },
      { name: 'cp3', status: 'UP' },
    ]);
    expect(await observer.readyz('w1', '10.203.0.10:6443')).toBe(200);
    // Nothing is left of what was lent for the joins.
    expect(observer.secrets()).toEqual([]);
    for (const host of ['cp1', 'cp2', 'cp3', 'w1']) expect(observer.files(host, '/run/quorate')).toEqual([]);
    expect(world.defects).toEqual([]);
  }, 120_000);
});
