import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { Simulation } from '../../../lab/simulation/index.js';
import { expectOnceAndApart, operationRuns } from '../../support/operation-runs.js';
import { buildCluster } from '../support/cluster.js';
import { expectAllJoined, expectBlocked, expectUntouched } from '../support/expect.js';
import { eventually, onConsole, whenPrinted } from '../support/inject.js';
import { decideAndWait, requireFinished } from '../support/product.js';

const pki = '/etc/kubernetes/pki/etcd';
const etcdctl = (simulation: Simulation, host: string, args: string): Promise<string> =>
  onConsole(
    simulation,
    host,
    `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${pki}/ca.crt --cert=${pki}/healthcheck-client.crt --key=${pki}/healthcheck-client.key ${args}`,
  );

/** Budgets of an operator who would rather be asked than wait. */
const impatient = { budgets: { join: '30m', unreachable: '3s', ready: '1s' } };

describe('etcd membership', () => {
  it('F26: a voter of a dead host keeps etcd from taking another one, and is named', async () => {
    const cluster = await buildCluster({ controlPlanes: 3, hosts: 4, policy: impatient });
    const { simulation } = cluster;
    await simulation.host('cp3').power('cut');
    const outcome = await cluster.run('join-control-plane', 'cp4');
    const { remedy } = expectBlocked(outcome, 'EtcdUnhealthy', /etcd member cp3 .* is down; etcd takes no new member/);
    expect(remedy).toMatch(/bring etcd on cp3 back/);
    expectUntouched(simulation, 'cp4');
    expect(simulation.observer.voters()).toEqual(['cp1', 'cp2', 'cp3']);
    await simulation.host('cp3').power('on');
    await eventually('cp3 votes again', () => simulation.observer.members().every(({ isHealthy }) => isHealthy));
    await eventually('cp3 serves again', () => simulation.observer.isServing('cp3'));
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2', 'cp3', 'cp4'] });
  });

  it('F27: a host that was made anew while its voter stayed: the stale member goes first, by the projection', async () => {
    const cluster = await buildCluster({ controlPlanes: 3, hosts: 3 });
    const { simulation } = cluster;
    const before = simulation.observer.members().find(({ name }) => name === 'cp3')?.id;
    await simulation.host('cp3').rebuild();
    await eventually('its Node is no longer Ready', () => !simulation.observer.readyNodes().includes('cp3'));
    await cluster.finish('join-control-plane', 'cp3');
    expect(simulation.observer.members().find(({ name }) => name === 'cp3')?.id).not.toBe(before);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2', 'cp3'] });
  });

  it('F28: a learner that belongs to nobody blocks every join, and is named with the command that removes it', async () => {
    const cluster = await buildCluster({ policy: impatient });
    const { simulation } = cluster;
    await etcdctl(simulation, 'cp1', 'member add ghost --learner --peer-urls=https://10.0.0.99:2380');
    const ghost = simulation.observer.members().find(({ isLearner }) => isLearner);
    const outcome = await cluster.run('join-control-plane', 'cp2');
    const { remedy } = expectBlocked(outcome, 'EtcdUnhealthy', /belongs to no running operation; it blocks every join/);
    expect(remedy).toContain(`etcdctl member remove ${ghost?.id}`);
    expectUntouched(simulation, 'cp2');
    await etcdctl(simulation, 'cp1', `member remove ${ghost?.id}`);
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F29: a learner that does not catch up: the operation asks, and a rollback removes the learner', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    simulation.faults.slowLearner('cp2', Infinity);
    const outcome = await cluster.run('join-control-plane', 'cp2');
    const { evidence } = expectBlocked(outcome, 'MemberNotVoter', /the etcd member of cp2 did not catch up/);
    expect(evidence.join('\n')).toContain('etcd member: learner');
    await simulation.faults.clear();
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F30: kubeadm dies right after the promotion: the join is finished, never reset', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    whenPrinted(simulation, 'cp2', '[etcd] Waiting for the new etcd member to join the cluster', () => {
      const unit = simulation
        .host('cp2')
        .machine.systemd.loaded()
        .find(({ name }) => name.startsWith('quorate-join-'));
      unit?.main?.kill(9);
    });
    const outcome = await cluster.run('join-control-plane', 'cp2');
    const voter = simulation.observer.members().find(({ name }) => name === 'cp2');
    expect(voter).toMatchObject({ isLearner: false, isHealthy: true });
    if (outcome.status === 'blocked') requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F31: two control-plane joins at once: one after the other, whoever asks', async () => {
    const cluster = await buildCluster({ hosts: 3 });
    const { simulation, harness } = cluster;
    const contexts = ['cp2', 'cp3'].map((host) => cluster.context('join-control-plane', host));
    await Promise.all(contexts.map((context) => harness.submit(context)));
    const ended = await harness.allEnded(simulation.name, 2);
    expect(ended.map(({ outcome }) => outcome)).toEqual(['finished', 'finished']);
    expectOnceAndApart(await operationRuns(harness.client, simulation.name));
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2', 'cp3'] });
  });

  it('F32: a rollback after the promotion takes the member out while it runs, then resets', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    const order: string[] = [];
    whenPrinted(simulation, 'cp2', '[etcd] Waiting for the new etcd member to join the cluster', () => {
      const { machine } = simulation.host('cp2');
      machine.systemd
        .loaded()
        .find(({ name }) => name.startsWith('quorate-join-'))
        ?.main?.kill(9);
      machine.systemd.unit('kubelet.service')?.main?.kill(9);
    });
    const outcome = await cluster.run('join-control-plane', 'cp2');
    if (outcome.status !== 'blocked') {
      // It has joined after all, which is better than to be undone.
      requireFinished(outcome, simulation);
      return;
    }
    const cluster1 = [...simulation.world.etcdClusters.values()][0];
    cluster1?.onChange(() => {
      if (!cluster1.members().some(({ name }) => name === 'cp2') && !order.includes('removed'))
        order.push(
          simulation.host('cp2').machine.listeners.some(({ port }) => port === 2380)
            ? 'removed'
            : 'removed after it was stopped',
        );
    });
    expect(await decideAndWait(outcome, 'rollback')).toMatchObject({ progress: { outcome: 'rolled-back' } });
    expect(order).toEqual(['removed']);
    expect(simulation.observer.members()).toMatchObject([{ name: 'cp1', isHealthy: true }]);
    expect(simulation.observer.hasQuorum()).toBe(true);
    expectUntouched(simulation, 'cp2');
  });

  it('F35: the worker dies after a stale member was removed and before that was noted: nobody is stuck', async () => {
    let died = 0;
    const cluster = await buildCluster({
      controlPlanes: 3,
      hosts: 3,
      wrap: (activities) => ({
        ...activities,
        removeStaleMember: async (...args) => {
          const note = await activities.removeStaleMember(...args);
          if (!/removed/.test(note) || died > 0) return note;
          died += 1;
          throw ApplicationFailure.retryable('the worker died here', 'Unreachable');
        },
      }),
    });
    const { simulation } = cluster;
    await simulation.host('cp3').rebuild();
    await eventually('its Node is no longer Ready', () => !simulation.observer.readyNodes().includes('cp3'));
    await cluster.finish('join-control-plane', 'cp3');
    expect(died).toBe(1);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2', 'cp3'] });
  });

  it('F34: quorum is lost: nothing is changed, and the operation says so', async () => {
    const cluster = await buildCluster({ controlPlanes: 3, hosts: 4, policy: impatient });
    const { simulation } = cluster;
    await simulation.host('cp2').power('cut');
    await simulation.host('cp3').power('cut');
    const outcome = await cluster.run('join-control-plane', 'cp4');
    if (outcome.status !== 'blocked') throw new Error(`not blocked: ${outcome.message}`);
    expect(outcome.blocked.type).toMatch(/^(ApiUnavailable|QuorumAtRisk|EtcdUnavailable)$/);
    expectUntouched(simulation, 'cp4');
    expect(simulation.observer.members('cp1').map(({ name }) => name)).toEqual(['cp1', 'cp2', 'cp3']);
    await simulation.host('cp2').power('on');
    await simulation.host('cp3').power('on');
    for (const host of ['cp1', 'cp2', 'cp3'])
      await eventually(`${host} serves`, () => simulation.observer.isServing(host));
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2', 'cp3', 'cp4'] });
  });
});
