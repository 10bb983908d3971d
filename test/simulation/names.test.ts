// A cluster is what it says itself, not what a specification calls it.
import { describe, expect, it, onTestFinished } from 'vitest';
import { expectRefused } from '../scenarios/expect.js';
import { requireFinished, startOperations } from '../scenarios/operations.js';
import type { Operations } from '../scenarios/operations.js';
import { sharedWorker } from '../scenarios/shared-worker.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { uniqueName } from '../support/temporal.js';
import { buildCluster } from './support/cluster.js';
import type { Cluster } from './support/cluster.js';
import { kubectl, onConsole } from './support/inject.js';

/** The same hosts in the specification of another cluster. */
const underAnotherName = async (
  { simulation: { hosts: all, sshConfigFile } }: Cluster,
  only: readonly string[] = all.map(({ name }) => name),
): Promise<Operations> => {
  const hosts = all.filter(({ name }) => only.includes(name));
  const cluster = uniqueName('other');
  const operations = await startOperations({ cluster, hosts, sshConfigFile, startWorker: sharedWorker });
  onTestFinished(() => operations.stop());
  return operations;
};

const nodesOf = ({ simulation: { observer } }: Cluster): string[] => observer.nodes().map(({ name }) => name);
const says = ({ simulation }: Cluster): Promise<string> =>
  kubectl(simulation, 'cp1', "-n kube-system get configmap quorate --ignore-not-found -o jsonpath='{.data.cluster}'");
/** As before the first operation on a cluster that was made by hand. */
const forget = async ({ simulation }: Cluster): Promise<void> => {
  await onConsole(simulation, 'lb1', "sed -i '/^# cluster /d' /etc/haproxy/haproxy.cfg");
  await kubectl(simulation, 'cp1', '-n kube-system delete configmap quorate');
  const text = await kubectl(simulation, 'cp1', '-n kube-system get configmap kubeadm-config -o json');
  const named = text.replace(/clusterName: [\w-]+/, 'clusterName: kubernetes');
  expect(named).not.toBe(text);
  await kubectl(simulation, 'cp1', `apply -f - <<'JSON'\n${named}\nJSON\n`);
};

describe('S1: a cluster under another name', () => {
  it('is neither shown nor changed', async () => {
    const cluster = await buildCluster({ hosts: 2, workers: 2 });
    const name = cluster.simulation.name;
    expect(await says(cluster)).toBe(name);
    const other = await underAnotherName(cluster);
    const refusal = new RegExp(
      `the cluster on cp1 is ${name}, not ${other.specification.metadata.name}: ConfigMap kube-system/quorate says so`,
    );
    expectRefused(await other.run('join-worker', 'w1'), 'ClusterMismatch', refusal);
    expectRefused(await other.run('join-control-plane', 'cp2'), 'ClusterMismatch', refusal);
    expectRefused(await other.run('init', 'cp1'), 'ClusterMismatch', refusal);
    await expect(
      activityEnvironment().run(() => other.activities.readStatus(other.context('init', 'cp1'))),
    ).rejects.toThrow(refusal);
    expect(nodesOf(cluster)).toEqual(['cp1']);
    expect(cluster.simulation.observer.voters()).toEqual(['cp1']);
    await cluster.finish('join-control-plane', 'cp2');
  });

  it('is told by kubeadm’s own name for it as well, where nobody has claimed it yet', async () => {
    const cluster = await buildCluster({ hosts: 1, workers: 1 });
    await kubectl(cluster.simulation, 'cp1', '-n kube-system delete configmap quorate');
    const other = await underAnotherName(cluster);
    expectRefused(
      await other.run('join-worker', 'w1'),
      'ClusterMismatch',
      /clusterName in ConfigMap kube-system\/kubeadm-config says so/,
    );
    expect(await says(cluster)).toBe('');
    await cluster.finish('join-worker', 'w1');
    expect(await says(cluster)).toBe(cluster.simulation.name);
  });

  it('has one name: of two that are asked for at once, the first is its name, and the other changes nothing', async () => {
    const cluster = await buildCluster({ hosts: 3, workers: 1 });
    await forget(cluster);
    const other = await underAnotherName(cluster);
    const [ours, theirs] = await Promise.all([
      cluster.run('join-control-plane', 'cp2'),
      other.run('join-control-plane', 'cp3'),
    ]);
    const name = await says(cluster);
    expect([cluster.simulation.name, other.specification.metadata.name]).toContain(name);
    const [first, second] = name === cluster.simulation.name ? [ours, theirs] : [theirs, ours];
    requireFinished(first, cluster.simulation);
    if (second.status === 'blocked') expect(second.blocked.type).toBe('ClusterMismatch');
    else expectRefused(second, 'ClusterMismatch', /says so/);
    expect(cluster.simulation.observer.voters()).toEqual(['cp1', first === ours ? 'cp2' : 'cp3']);
  });
});

describe('S2: the load balancer of another cluster', () => {
  it('stays as it is, and its endpoint serves', async () => {
    const cluster = await buildCluster({ hosts: 2 });
    const { simulation } = cluster;
    const file = (): string | undefined => simulation.observer.read('lb1', '/etc/haproxy/haproxy.cfg');
    const before = file();
    expect(before).toContain(`# cluster ${simulation.name}\n`);
    const rogue = await underAnotherName(cluster, ['cp2', 'lb1']);
    expectRefused(
      await rogue.run('init', 'cp2'),
      'ClusterMismatch',
      new RegExp(`HAProxy on lb1 is the load balancer of ${simulation.name}, not of `),
    );
    expect(file()).toBe(before);
    expect(simulation.observer.files('cp2', '/etc/kubernetes')).toEqual([]);
    await cluster.finish('join-control-plane', 'cp2');
  });
});
