import { expect } from 'vitest';
import { expectAllJoined, expectBlocked, expectUntouched } from '../expect.js';
import { eventually } from '../eventually.js';
import { etcdctl, killUnits, onConsole } from '../inject.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';

/** Printed by kubeadm once the new member votes. */
const promoted = '[etcd] Waiting for the new etcd member to join the cluster';

export const learners: readonly Scenario[] = [
  scenario(
    'F28: a learner that belongs to nobody blocks every join, and is named with the command that removes it',
    { impatient: true, inEveryLabRun: true },
    async (site) => {
      await etcdctl(site, 'cp1', 'member add ghost --learner --peer-urls=https://10.0.0.99:2380');
      const ghost = (await site.observer.members()).find(({ isLearner }) => isLearner);
      const outcome = await site.run('join-control-plane', 'cp2');
      const { remedy } = expectBlocked(
        outcome,
        'EtcdUnhealthy',
        /belongs to no running operation; it blocks every join/,
      );
      expect(remedy).toContain(`etcdctl member remove ${ghost?.id}`);
      await expectUntouched(site, 'cp2');
      await etcdctl(site, 'cp1', `member remove ${ghost?.id}`);
      await site.decideAndFinish(outcome, 'retry');
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),

  scenario(
    'F29: a learner that does not catch up over a slow link: the operation asks, and goes on when it can',
    { impatient: true },
    async (site) => {
      const moment = site.whenPrinted('cp2', '[control-plane] Creating static Pod manifest', () =>
        // Of etcd alone: kubeadm gives up long before etcd when all of its way to the cluster is that slow.
        site.faults.rate('cp2', '32kbit', 2380),
      );
      const outcome = await site.run('join-control-plane', 'cp2');
      await moment.done();
      const { evidence } = expectBlocked(outcome, 'MemberNotVoter', /the etcd member of cp2 did not catch up/);
      expect(evidence.join('\n')).toContain('etcd member: learner');
      await site.faults.clear();
      await site.decideAndFinish(outcome, 'retry');
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),

  scenario('F30: kubeadm dies right after the promotion: the join is finished, never reset', {}, async (site) => {
    const moment = site.whenPrinted('cp2', promoted, async () => void (await killUnits(site, 'cp2', 'quorate-join-')), {
      hostGoesOn: true,
    });
    const outcome = await site.run('join-control-plane', 'cp2');
    await moment.done();
    const memberOfHost = async () => (await site.observer.members()).find(({ name }) => name === 'cp2');
    const voter = await memberOfHost();
    expect(voter).toMatchObject({ isLearner: false });
    // On a real host the etcd of a member that votes since a moment ago may not answer yet: by itself it does soon.
    await eventually('the new voter is healthy', async () => (await memberOfHost())?.isHealthy === true, 10_000);
    if (outcome.status === 'blocked') {
      expect(expectBlocked(outcome, 'KubeadmFailed', /kubeadm was killed/).remedy).toContain('does not reset it');
      await site.decideAndFinish(outcome, 'retry');
    }
    expect((await memberOfHost())?.id).toBe(voter?.id);
    await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
  }),

  scenario(
    'F32: a rollback after the promotion takes the member out while it runs, then resets',
    { impatient: true },
    async (site) => {
      const moment = site.whenPrinted(
        'cp2',
        promoted,
        async () => {
          await killUnits(site, 'cp2', 'quorate-join-');
          await onConsole(
            site,
            'cp2',
            'mkdir -p /etc/default; echo KUBELET_EXTRA_ARGS=--no-such-flag > /etc/default/kubelet; systemctl restart kubelet; true',
          );
        },
        { hostGoesOn: true },
      );
      const outcome = await site.run('join-control-plane', 'cp2');
      await moment.done();
      if (outcome.status !== 'blocked') throw new Error(`not blocked: ${outcome.message}`);
      const isMember = async (): Promise<boolean> => (await site.observer.members()).some(({ name }) => name === 'cp2');
      const isWhole = async (): Promise<boolean> =>
        (await site.observer.read('cp2', '/etc/kubernetes/manifests/etcd.yaml')) !== undefined;
      expect([await isMember(), await isWhole()]).toEqual([true, true]);
      let over = false;
      const end = site.decide(outcome, 'rollback').finally(() => (over = true));
      let sawMemberOfWholeHost = 0;
      let sawMemberOfResetHost = 0;
      await eventually(
        'the rollback has ended',
        async () => {
          // In this order: a host that is reset while etcd counts on it is seen, and no other.
          const whole = await isWhole();
          if (await isMember()) {
            if (whole) sawMemberOfWholeHost += 1;
            else sawMemberOfResetHost += 1;
          }
          return over;
        },
        300_000,
      );
      expect(await end).toMatchObject({ progress: { outcome: 'rolled-back' } });
      expect(sawMemberOfWholeHost).toBeGreaterThan(0);
      expect(sawMemberOfResetHost).toBe(0);
      expect(await site.observer.members()).toMatchObject([{ name: 'cp1', isLearner: false, isHealthy: true }]);
      await expectUntouched(site, 'cp2');
    },
  ),
];
