import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labFile } from '../../lab/paths.js';
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
    const network = readFileSync(labFile('lab-network.yaml'), 'utf8');
    const applied = await product.hosts
      .host('cp1')
      .run('kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -', { stdin: network });
    expect(applied.end).toEqual({ kind: 'exited', code: 0 });
    await finish('join-control-plane', 'cp2');
    await finish('join-control-plane', 'cp3');
    await finish('join-worker', 'w1');
    expect(product.simulation.world.defects).toEqual([]);
  }, 120_000);
});
