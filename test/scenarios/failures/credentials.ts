import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { expectAllJoined, expectBlocked, expectUntouched, logsOf } from '../expect.js';
import { eventually } from '../eventually.js';
import { kubectl, onConsole } from '../inject.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';
import type { Site } from '../site.js';

const joinFile = /^\/run\/quorate\/\w+\/join\.yaml$/;
const manifest = '/etc/kubernetes/manifests/kube-controller-manager.yaml';

/** When the controller-manager that leads has last said so, epoch milliseconds. */
const leaseRenewed = async (site: Site): Promise<number> =>
  Date.parse(
    await kubectl(site, 'cp1', "-n kube-system get lease kube-controller-manager -o jsonpath='{.spec.renewTime}'"),
  );

export const credentials: readonly Scenario[] = [
  scenario('F1: a bootstrap token that is deleted under the join is made again, once', {}, async (site) => {
    let deleted: string | undefined;
    const moment = site.whenWritten('cp2', '/run/quorate/', joinFile, async () => {
      const tokens = await site.observer.tokens();
      deleted = tokens.find(({ description }) => description.startsWith('quorate '))?.id;
      await kubectl(site, 'cp1', `-n kube-system delete secret bootstrap-token-${deleted}`);
    });
    await site.finish('join-control-plane', 'cp2');
    await moment.done();
    expect(deleted).toMatch(/^[a-z0-9]{6}$/);
    // kubeadm's own words, from its first run
    expect(await site.observer.files('cp2', '/var/log/quorate')).toHaveLength(2);
    expect(await logsOf(site, 'cp2')).toContain(
      `could not find a JWS signature in the cluster-info ConfigMap for token ID "${deleted}"`,
    );
    await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
  }),

  scenario(
    'F2: no controller-manager leads: said before anything is made, and mended by its return',
    { impatient: true },
    async (site) => {
      await onConsole(site, 'cp1', `mv ${manifest} /root/`);
      await eventually('its lease is old', async () => Date.now() - (await leaseRenewed(site)) > 60_000, 120_000);
      const outcome = await site.run('join-control-plane', 'cp2');
      const { remedy } = expectBlocked(outcome, 'ControllerManagerNotLeading', /no kube-controller-manager leads/);
      expect(remedy).toContain('do not create tokens anew');
      await expectUntouched(site, 'cp2');
      expect(await site.observer.tokens()).toEqual([]);
      await onConsole(site, 'cp1', `mv /root/kube-controller-manager.yaml ${manifest}`);
      await eventually(
        'it leads again',
        async () =>
          (await site.observer.ports('cp1')).includes(10_257) && Date.now() - (await leaseRenewed(site)) < 20_000,
        120_000,
      );
      await sleep(1_000);
      await site.decideAndFinish(outcome, 'retry');
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),

  scenario('F3: shared certificates that are gone are uploaded again, once', { inEveryLabRun: true }, async (site) => {
    const moment = site.whenPrinted('cp2', 'before initializing the new control plane instance', async () => {
      await kubectl(site, 'cp1', '-n kube-system delete secret kubeadm-certs');
    });
    await site.finish('join-control-plane', 'cp2');
    await moment.done();
    expect(await logsOf(site, 'cp2')).toContain('Secret "kubeadm-certs" was not found in the "kube-system" Namespace');
    await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
  }),

  scenario(
    'F4: shared certificates that somebody overwrote with another key are uploaded again, once',
    {},
    async (site) => {
      const moment = site.whenWritten('cp2', '/run/quorate/', joinFile, async () => {
        await onConsole(site, 'cp1', 'kubeadm init phase upload-certs --upload-certs');
      });
      await site.finish('join-control-plane', 'cp2');
      await moment.done();
      expect(await logsOf(site, 'cp2')).toContain('cipher: message authentication failed');
      // The token that owned the other upload is the other's, and ends by itself.
      const others = (await site.observer.tokens()).filter(({ description }) => description.includes('kubeadm-certs'));
      expect(others).toHaveLength(1);
      await kubectl(site, 'cp1', `-n kube-system delete secret bootstrap-token-${others[0]?.id}`);
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),
];
