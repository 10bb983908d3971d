import { describe, expect, it } from 'vitest';
import { signalNumbers } from '../../../lab/simulation/system/signals.js';
import { checkedOf } from '../../../model/checked.js';
import { names } from '../../../model/messages.js';
import type { PlanReport } from '../../../model/plan-report.js';
import { activityEnvironment } from '../../support/activity-environment.js';
import { buildCluster } from '../support/cluster.js';
import { expectAllJoined, expectBlocked } from '../support/expect.js';
import { eventually } from '../../scenarios/eventually.js';
import { whenPrinted } from '../support/inject.js';
import { decideAndWait, requireFinished } from '../support/product.js';

const controlPlane = 'node-role.kubernetes.io/control-plane';

describe('after the member was added', () => {
  it('F24: an API server that hangs after the promotion: the join is finished, never reset', async () => {
    const cluster = await buildCluster({ policy: { budgets: { join: '30m', unreachable: '3s', ready: '1s' } } });
    const { simulation } = cluster;
    const server = () => simulation.host('cp2').machine.staticPods.named('kube-apiserver')?.process;
    whenPrinted(simulation, 'cp2', '[mark-control-plane] Marking the node cp2', () =>
      server()?.kill(signalNumbers.STOP),
    );
    const outcome = await cluster.run('join-control-plane', 'cp2');
    const voter = simulation.observer.members().find(({ name }) => name === 'cp2');
    expect(voter).toMatchObject({ isLearner: false, isHealthy: true });
    expectBlocked(outcome, 'ControlPlaneNotReady', /cp2/);
    // Not labelled yet: kubeadm did not get that far.
    expect(simulation.observer.nodes('cp1').find(({ name }) => name === 'cp2')?.labels).not.toHaveProperty([
      controlPlane,
    ]);
    server()?.kill(signalNumbers.CONT);
    await eventually('its API server serves', () => simulation.observer.isServing('cp2'));
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    expect(simulation.observer.members().find(({ name }) => name === 'cp2')?.id).toBe(voter?.id);
    const node = simulation.observer.nodes().find(({ name }) => name === 'cp2');
    expect(node?.labels).toHaveProperty([controlPlane], '');
    expect(node?.taints).toContain(`${controlPlane}:NoSchedule`);
    // One join and no reset.
    expect(simulation.observer.files('cp2', '/var/log/quorate')).toEqual([expect.stringMatching(/quorate-join-/)]);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F33: a learner between its add and its start: no other operation removes it, nor tells anybody to', async () => {
    const cluster = await buildCluster({ hosts: 3 });
    const { simulation, harness, activities } = cluster;
    const other = cluster.context('join-control-plane', 'cp3');
    const kubeadms = () =>
      simulation
        .host('cp2')
        .machine.processes.all()
        .filter(({ argv }) => /(^|\/)kubeadm$/.test(argv[0] ?? ''));
    const learners = () => simulation.observer.members('cp1').filter(({ isLearner }) => isLearner);
    const meanwhile = async () => {
      const before = learners();
      await harness.submit(other);
      // What it would do if it were not queued behind the first, and what a plan says that somebody makes now.
      const removed = await activityEnvironment().run(() =>
        Promise.all([activities.readHost(other), activities.readCluster(other)]).then(([host, read]) =>
          activities.removeStaleMember(other, checkedOf(other, host, read, false)),
        ),
      );
      const plan = await harness.client.workflow.execute(names.workflows.plan, {
        workflowId: `${simulation.name}/plan`,
        taskQueue: harness.taskQueue,
        args: [other],
      });
      const after = learners();
      const queue = await harness.queue(simulation.name);
      for (const process of kubeadms()) process.kill(signalNumbers.CONT);
      return { before, removed, plan: plan as PlanReport, after, waiting: queue.waiting.map(({ host }) => host) };
    };
    let seen: ReturnType<typeof meanwhile> | undefined;
    const etcd = [...simulation.world.etcdClusters.values()][0];
    etcd?.onChange(() => {
      if (seen !== undefined || learners().length === 0) return;
      // kubeadm has added the member and does not get to start it.
      for (const process of kubeadms()) process.kill(signalNumbers.STOP);
      seen = meanwhile();
    });
    await harness.submit(cluster.context('join-control-plane', 'cp2'));
    const ended = await harness.allEnded(simulation.name, 2);
    expect(ended.map(({ outcome }) => outcome)).toEqual(['finished', 'finished']);
    const { before, removed, plan, after, waiting } = (await seen) ?? {};
    expect(before).toMatchObject([{ name: '', peerUrls: ['https://10.203.0.12:2380'] }]);
    expect(after).toEqual(before);
    expect(removed).toBe('the cluster remembers nothing of it');
    expect(waiting).toEqual(['cp3']);
    const [finding] = plan?.findings ?? [];
    expect(finding?.message).toMatch(/of cp2, whose join has not ended; it blocks every other join$/);
    expect(finding?.remedy).toMatch(/^let the operation on cp2 end/);
    expect(finding?.remedy).not.toContain('member remove');
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2', 'cp3'] });
  });
});
