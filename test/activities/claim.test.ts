import { beforeEach, expect, test } from 'vitest';
import { claimActivities } from '../../activities/claim.js';
import { readActivities } from '../../activities/read.js';
import { operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';

const context = operationContext({ loadBalancer: { kind: 'external' } });
let cluster: SimulatedCluster;
beforeEach(() => (cluster = simulatedCluster()));
const claim = (of = context): Promise<string> => claimActivities(cluster.dependencies).claimCluster(of);

test('S1: a cluster without a name is given that of the specification, once', async () => {
  cluster.managedAs = undefined;
  const said = 'the cluster says that it is prod (ConfigMap kube-system/quorate), read on cp1';
  expect(await claim()).toBe(said);
  expect(await claim()).toBe(said);
  expect(cluster.events).toEqual(['cp1: create ConfigMap quorate: prod']);
});

test('S1: the name that somebody else was first to give stays', async () => {
  cluster.managedAs = 'demo';
  await expect(claim()).rejects.toMatchObject({ type: 'ClusterMismatch' });
  expect(cluster.managedAs).toBe('demo');
  expect(cluster.events).toEqual([]);
});

test('after an init the new API server is asked, and nobody else', async () => {
  cluster.managedAs = undefined;
  cluster.apiServers.delete('cp2');
  expect(await claim(operationContext({ kind: 'init', loadBalancer: { kind: 'external' } }))).toMatch(/read on cp1$/);
});

test('S1: a cluster that says that it is another one is not told of', async () => {
  cluster.managedAs = 'demo';
  await expect(readActivities(cluster.dependencies).readCluster(context)).rejects.toMatchObject({
    type: 'ClusterMismatch',
    message: 'the cluster on cp1 is demo, not prod: ConfigMap kube-system/quorate says so',
  });
});
