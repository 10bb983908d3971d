import { describe, expect, it } from 'vitest';
import { buildCluster } from '../support/cluster.js';
import { expectAllJoined, expectRefused, expectUntouched } from '../support/expect.js';
import { onConsole, whenPrinted } from '../support/inject.js';

describe('load balancer and endpoint', () => {
  it('F10: a clock that is an hour off', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    simulation.faults.clock('w1', 3_600_000);
    expectRefused(await cluster.run('join-worker', 'w1'), 'ClockSkew', /the clock of w1 is 3600\.\d s ahead/);
    expectUntouched(simulation, 'w1');
    await simulation.faults.clear();
    await cluster.finish('join-worker', 'w1');
  });

  it('F19: traffic reaches an API server only when it is ready', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    const seen: string[] = [];
    for (const text of ['[preflight] Running', '[kubelet-start] Starting', '[etcd] Announced', '[mark-control-plane]'])
      whenPrinted(simulation, 'cp2', text, () => {
        void simulation.observer.backends('lb1').then((backends) => {
          seen.push(backends.find(({ name }) => name === 'cp2')?.status ?? 'absent');
        });
      });
    await cluster.finish('join-control-plane', 'cp2');
    expect(seen).toEqual(['MAINT', 'MAINT', 'MAINT', 'MAINT']);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F20: the load balancer restarts while kubeadm joins', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    let restarted = false;
    whenPrinted(simulation, 'cp2', '[kubelet-start] Starting the kubelet', () => {
      void onConsole(simulation, 'lb1', 'systemctl restart haproxy').then(() => (restarted = true));
    });
    await cluster.finish('join-control-plane', 'cp2');
    expect(restarted).toBe(true);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F22: only the new host does not reach the endpoint: said in seconds, and who does', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    simulation.world.network.drop({ from: 'w1', to: 'lb1' });
    const started = Date.now();
    const outcome = await cluster.run('join-worker', 'w1');
    expectRefused(outcome, 'EndpointUnreachable', /w1 cannot reach 10\.203\.0\.10:6443: no answer \(timeout\); cp1/);
    expect(Date.now() - started).toBeLessThan(10_000);
    expectUntouched(simulation, 'w1');
    expect(simulation.observer.tokens()).toEqual([]);
    await simulation.faults.clear();
    await cluster.finish('join-worker', 'w1');
    await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
  });
});
