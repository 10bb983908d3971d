import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTopology } from '../../lab/topology.js';
import { statusActivities } from '../../activities/status.js';
import type { OperationKind } from '../../model/operations.js';
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

  it('R24: whose status tells when the certificates and the CAs of each control-plane host expire', async () => {
    const dependencies = { hosts: product.hosts, webhooks: new Map<string, never>() };
    const report = await statusActivities(dependencies).readStatus(product.context('init', 'cp1'));
    expect(report.problems).toEqual([]);
    for (const host of ['cp1', 'cp2', 'cp3']) {
      const of = <One extends { host: string }>(all: readonly One[]) => all.filter((one) => one.host === host);
      expect(of(report.certificates).map(({ name }) => name)).toContain('apiserver');
      for (const { daysLeft } of of(report.certificates)) expect(daysLeft).toBe(364);
      expect(of(report.certificateAuthorities)).toMatchObject(
        ['ca', 'etcd-ca', 'front-proxy-ca'].map((name) => ({ name, daysLeft: 3_649, externallyManaged: false })),
      );
    }
    // The hosts share them.
    expect(new Set(report.certificateAuthorities.map(({ name, expiresAt }) => `${name} ${expiresAt}`)).size).toBe(3);

    await product.simulation.host('cp2').console('rm /etc/kubernetes/pki/etcd/ca.key');
    const without = await statusActivities(dependencies).readStatus(product.context('init', 'cp1'));
    const elsewhere = (all: readonly { host: string; name: string; externallyManaged: boolean }[]) =>
      all.flatMap(({ host, name, externallyManaged }) => (externallyManaged ? [`${name} of ${host}`] : []));
    expect(elsewhere(without.certificateAuthorities)).toEqual(['etcd-ca of cp2']);
    expect(elsewhere(without.certificates)).toEqual(
      ['apiserver-etcd-client', 'etcd-healthcheck-client', 'etcd-peer', 'etcd-server'].map((name) => `${name} of cp2`),
    );
    expect(product.simulation.world.defects).toEqual([]);
  });
});
