import { ApplicationFailure } from '@temporalio/common';
import { expect } from 'vitest';
import { expectOnceAndApart, operationRuns } from '../../support/operation-runs.js';
import { expectAllJoined, expectBlocked, expectUntouched } from '../expect.js';
import { eventually } from '../eventually.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';
import type { Site } from '../site.js';

const cluster = ['cp1', 'cp2', 'cp3'];

const memberId = async (site: Site, host: string): Promise<string | undefined> =>
  (await site.observer.members()).find(({ name }) => name === host)?.id;

const namesOfMembers = async (site: Site): Promise<string[]> =>
  (await site.observer.members()).map(({ name }) => name).toSorted();

/** A new disk under a member; the cluster has noticed. */
const makeAnew = async (site: Site, host: string): Promise<void> => {
  await site.host(host).rebuild();
  await eventually(
    'its Node is no longer Ready',
    async () => !(await site.observer.readyNodes()).includes(host),
    120_000,
  );
};

const serveAgain = async (site: Site, hosts: readonly string[]): Promise<void> => {
  for (const host of hosts) await site.powerOn(host);
  for (const host of cluster) await eventually(`${host} serves again`, () => site.observer.isServing(host), 180_000);
  await eventually(
    'all vote again, and are Ready',
    async () =>
      (await site.observer.members()).every(({ isHealthy }) => isHealthy) &&
      (await site.observer.readyNodes()).length === cluster.length,
    120_000,
  );
};

let died = 0;

export const voters: readonly Scenario[] = [
  scenario('F31: two control-plane joins at once: one after the other, whoever asks', { hosts: 3 }, async (site) => {
    const contexts = ['cp2', 'cp3'].map((host) => site.context('join-control-plane', host));
    await Promise.all(contexts.map((context) => site.harness.submit(context)));
    await eventually('both have ended', async () => (await site.harness.queue(site.name)).ended.length === 2, 180_000);
    const { ended } = await site.harness.queue(site.name);
    expect(ended.map(({ outcome }) => outcome)).toEqual(['finished', 'finished']);
    expectOnceAndApart(
      (await operationRuns(site.harness.client, site.name)).filter(({ operation }) =>
        contexts.some((context) => context.operation === operation),
      ),
    );
    await expectAllJoined(site, { controlPlane: cluster });
  }),

  scenario(
    'F27: a host that was made anew while its voter stayed: the stale member goes first, by the projection',
    { controlPlanes: 3, hosts: 3 },
    async (site) => {
      const before = await memberId(site, 'cp3');
      await makeAnew(site, 'cp3');
      await site.finish('join-control-plane', 'cp3');
      expect(await memberId(site, 'cp3')).not.toBe(before);
      await expectAllJoined(site, { controlPlane: cluster });
    },
  ),

  scenario(
    'F35: the worker dies after a stale member was removed and before that was noted: nobody is stuck',
    {
      controlPlanes: 3,
      hosts: 3,
      wrap: (activities) => {
        died = 0;
        return {
          ...activities,
          removeStaleMember: async (...args) => {
            const note = await activities.removeStaleMember(...args);
            if (!/removed/.test(note) || died > 0) return note;
            died += 1;
            throw ApplicationFailure.retryable('the worker died here', 'Unreachable');
          },
        };
      },
    },
    async (site) => {
      const before = await memberId(site, 'cp3');
      await makeAnew(site, 'cp3');
      await site.finish('join-control-plane', 'cp3');
      expect(died).toBe(1);
      expect(await memberId(site, 'cp3')).not.toBe(before);
      await expectAllJoined(site, { controlPlane: cluster });
    },
  ),

  scenario(
    'F26: a voter of a dead host keeps etcd from taking another one, and is named',
    { controlPlanes: 3, impatient: true },
    async (site) => {
      await site.host('cp3').powerCut();
      const outcome = await site.run('join-control-plane', 'cp4');
      const { remedy } = expectBlocked(
        outcome,
        'EtcdUnhealthy',
        /etcd member cp3 .* is down; etcd takes no new member/,
      );
      expect(remedy).toMatch(/bring etcd on cp3 back/);
      await expectUntouched(site, 'cp4');
      expect(await namesOfMembers(site)).toEqual(cluster);
      await serveAgain(site, ['cp3']);
      await site.decideAndFinish(outcome, 'retry');
      await expectAllJoined(site, { controlPlane: [...cluster, 'cp4'] });
    },
  ),

  scenario(
    'F34: quorum is lost: nothing is changed, and the operation says so',
    { controlPlanes: 3, impatient: true },
    async (site) => {
      await site.host('cp2').powerCut();
      await site.host('cp3').powerCut();
      const outcome = await site.run('join-control-plane', 'cp4');
      expectBlocked(outcome, 'QuorumAtRisk', /^etcd of .* has lost quorum: 1 of 3 voters answer/);
      await expectUntouched(site, 'cp4');
      expect(await namesOfMembers(site)).toEqual(cluster);
      await serveAgain(site, ['cp2', 'cp3']);
      await site.decideAndFinish(outcome, 'retry');
      await expectAllJoined(site, { controlPlane: [...cluster, 'cp4'] });
    },
  ),
];
