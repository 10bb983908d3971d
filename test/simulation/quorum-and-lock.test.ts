import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { buildCluster } from './support/cluster.js';
import { expectAllJoined, expectBlocked } from './support/expect.js';
import { eventually } from '../scenarios/eventually.js';
import { overlaps } from './support/invariants.js';
import { decideAndWait } from './support/product.js';

describe('quorum and lock, on simulated hosts', () => {
  it('a rollback that would cost the quorum removes nothing, and goes on when the voter is back', async () => {
    const cluster = await buildCluster({
      controlPlanes: 2,
      hosts: 3,
      policy: { budgets: { join: '30m', unreachable: '2s', ready: '2s' } },
      wrap: (activities) => ({
        ...activities,
        proveControlPlane: async (context) => {
          if (context.target.name === 'cp3')
            throw ApplicationFailure.nonRetryable('not proven, on purpose', 'ControlPlaneNotReady');
          return activities.proveControlPlane(context);
        },
      }),
    });
    const { simulation } = cluster;
    const { observer } = simulation;
    const joined = await cluster.run('join-control-plane', 'cp3');
    expectBlocked(joined, 'ControlPlaneNotReady', /on purpose/);
    expect(observer.voters()).toEqual(['cp1', 'cp2', 'cp3']);
    await simulation.host('cp2').power('cut');
    await eventually('etcd misses cp2', () => observer.members('cp1').some(({ isHealthy }) => !isHealthy));
    const leader = observer.members('cp1').find(({ isLeader }) => isLeader)?.name;

    const refused = await decideAndWait(joined, 'rollback');
    expectBlocked(
      refused,
      'QuorumAtRisk',
      /cp3 .* cannot be removed now: removing cp3 .* would leave 1 of 2 voters healthy/,
    );
    expect(observer.voters()).toEqual(['cp1', 'cp2', 'cp3']);
    expect(observer.hasQuorum()).toBe(true);
    expect(observer.members('cp1').find(({ isLeader }) => isLeader)?.name).toBe(leader);
    expect(observer.files('cp3', '/var/lib/etcd')).not.toEqual([]);

    await simulation.host('cp2').power('on');
    await eventually('cp2 votes again', () => observer.members().every(({ isHealthy }) => isHealthy));
    await eventually('cp2 serves again', () => observer.isServing('cp2'));
    expect(await decideAndWait(refused, 'retry')).toMatchObject({ progress: { outcome: 'rolled-back' } });
    await eventually('its Node is gone', () => !observer.readyNodes().includes('cp3'));
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('two control-plane joins that are asked for at once never run kubeadm at the same time', async () => {
    const cluster = await buildCluster({ hosts: 3 });
    const { simulation, harness } = cluster;
    const joining = (): string[] =>
      ['cp2', 'cp3'].filter((host) =>
        simulation
          .host(host)
          .machine.systemd.loaded()
          .some(({ name, isRunning }) => isRunning && name.startsWith('quorate-join-')),
      );
    await Promise.all(['cp2', 'cp3'].map((host) => harness.submit(cluster.context('join-control-plane', host))));
    let most = 0;
    await eventually('both have ended', async () => {
      most = Math.max(most, joining().length);
      expect(most).toBeLessThanOrEqual(1);
      return (await harness.queue(simulation.name)).ended.length === 2;
    });
    expect(most).toBe(1);
    // A kubeadm that waits for the other's learner would hide it: the operations themselves must not overlap.
    const { ended } = await harness.queue(simulation.name);
    expect(await overlaps(harness.client, ended)).toEqual([]);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2', 'cp3'] });
  });
});
