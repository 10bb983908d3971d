import { expect } from 'vitest';
import { makeCa } from '../../../lab/simulation/certificates/certificates.js';
import { renderKubeconfig } from '../../../lab/simulation/kubernetes/kubeconfig.js';
import { expectAllJoined, expectBlocked, expectRefused, expectUntouched, logsOf } from '../expect.js';
import { eventually } from '../eventually.js';
import { killUnits, kubectl, onConsole, write } from '../inject.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';
import { initByHand, joinByHand } from './by-hand.js';

const otherCa = (): string =>
  makeCa({ commonName: 'kubernetes', notBefore: Date.now() - 60_000, notAfter: Date.now() + 1e10 }).certificate;

const kubeconfig = (server: string, ca: string): string =>
  renderKubeconfig({ server, ca, cluster: 'old', user: 'old', credentials: { token: 'x' } });

export const dirtyHosts: readonly Scenario[] = [
  scenario('F6: certificates of another cluster: nothing is touched until a reset is approved', {}, async (site) => {
    await write(site, 'cp2', '/etc/kubernetes/pki/ca.crt', otherCa());
    const outcome = await site.run('join-control-plane', 'cp2');
    const { evidence } = expectBlocked(
      outcome,
      'DirtyHost',
      /cp2 still carries a node of another cluster: its CA \(sha256:\w+…\) is not that of/,
    );
    expect(evidence.join('\n')).toContain('/etc/kubernetes/pki/ca.crt: CA sha256:');
    expect(await site.observer.files('cp2', '/etc/kubernetes')).toEqual(['/etc/kubernetes/pki/ca.crt']);
    await site.decideAndFinish(outcome, 'approve');
    await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
  }),

  scenario('F7: an admin.conf of another cluster is no way around discovery', {}, async (site) => {
    await write(site, 'cp2', '/etc/kubernetes/admin.conf', kubeconfig('https://10.99.0.5:6443', otherCa()));
    const outcome = await site.run('join-control-plane', 'cp2');
    expectBlocked(outcome, 'DirtyHost', /admin\.conf points to https:\/\/10\.99\.0\.5:6443/);
    await site.decideAndFinish(outcome, 'approve');
    await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    expect(await logsOf(site, 'cp2')).not.toContain('skipping discovery');
  }),

  scenario(
    'F11: a port that somebody else holds: the holder is named, and left alone',
    { inEveryLabRun: true },
    async (site) => {
      await onConsole(site, 'w1', 'systemd-run --unit=squatter socat TCP-LISTEN:10250,fork,reuseaddr -');
      await eventually('it listens', async () => (await site.observer.ports('w1')).includes(10_250));
      const outcome = await site.run('join-worker', 'w1');
      expectRefused(outcome, 'PortInUse', /port 10250 on w1 is held by socat \(pid \d+, unit squatter\.service\)/);
      expect(await onConsole(site, 'w1', 'systemctl is-active squatter')).toBe('active\n');
      expect(await site.observer.tokens()).toEqual([]);
      await onConsole(site, 'w1', 'systemctl stop squatter');
      await site.finish('join-worker', 'w1');
      await expectAllJoined(site, { controlPlane: ['cp1'], workers: ['w1'] });
    },
  ),

  scenario('F12: leftovers of nobody knows what are asked about', { inEveryLabRun: true }, async (site) => {
    await write(site, 'w1', '/etc/kubernetes/kubelet.conf', 'not a kubeconfig');
    const outcome = await site.run('join-worker', 'w1');
    expectBlocked(outcome, 'DirtyHost', /w1 still carries an earlier node/);
    expect(await site.observer.read('w1', '/etc/kubernetes/kubelet.conf')).toBe('not a kubeconfig');
    await site.decideAndFinish(outcome, 'approve');
    await expectAllJoined(site, { controlPlane: ['cp1'], workers: ['w1'] });
  }),

  scenario(
    'F12: leftovers of our own join whose kubeadm died are cleaned without a question, and it joins',
    {},
    async (site) => {
      const moment = site.whenPrinted(
        'cp2',
        '[control-plane] Creating static Pod manifest',
        async () => void (await killUnits(site, 'cp2', 'quorate-join-')),
        { hostGoesOn: true },
      );
      const outcome = await site.run('join-control-plane', 'cp2');
      await moment.done();
      const { remedy } = expectBlocked(outcome, 'KubeadmFailed', /kubeadm was killed at .* on cp2/);
      expect(remedy).toContain('the operation cleans the host first');
      expect(await site.observer.files('cp2', '/etc/kubernetes')).toContain('/etc/kubernetes/admin.conf');
      await site.decideAndFinish(outcome, 'retry');
      expect((await site.observer.files('cp2', '/var/log/quorate')).join()).toMatch(/quorate-reset-\w+\.log/);
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),

  scenario('F13: a living node of another cluster is never reset', {}, async (site) => {
    await initByHand(site, 'w1');
    const before = await site.observer.files('w1', '/etc/kubernetes');
    const outcome = await site.run('join-worker', 'w1');
    expectRefused(outcome, 'ForeignHost', /w1 belongs to .*alive/);
    expect(await site.observer.files('w1', '/etc/kubernetes')).toEqual(before);
    expect(await site.observer.isServing('w1')).toBe(true);
    expect(await site.observer.tokens()).toEqual([]);
  }),

  scenario(
    'F15: a mount that is busy in the reset is detached at the second try',
    { policy: { resetDirtyHosts: 'when-ours' } },
    async (site) => {
      const busy = '/var/lib/kubelet/pods/x/volumes/busy';
      await site.finish('join-worker', 'w1');
      await kubectl(site, 'cp1', 'delete node w1');
      await onConsole(site, 'w1', 'systemctl stop kubelet; rm -f /var/lib/kubelet/pki/*');
      await onConsole(
        site,
        'w1',
        `mkdir -p ${busy}; mount -t tmpfs tmpfs ${busy}; systemd-run --unit=holder --working-directory=${busy} sleep 3600`,
      );
      await site.finish('join-worker', 'w1');
      expect(await logsOf(site, 'w1')).toContain('device or resource busy');
      expect(await onConsole(site, 'w1', 'cat /proc/mounts')).not.toContain(busy);
      expect(await onConsole(site, 'w1', 'systemctl is-active holder')).toBe('active\n');
      await expectAllJoined(site, { controlPlane: ['cp1'], workers: ['w1'] });
    },
  ),

  scenario(
    'F16: cgroup v1 where the version needs v2, said before a token is made',
    { kubeadm: { ignorePreflightErrors: [], kubelet: {} } },
    async (site) => {
      site.makeCgroupV1('w1');
      expectRefused(await site.run('join-worker', 'w1'), 'HostUnsuitable', /cgroup v1/);
      await expectUntouched(site, 'w1');
      expect(await site.observer.tokens()).toEqual([]);
    },
  ),

  scenario('F17: a Ready Node of the same name on another machine', { workers: 2 }, async (site) => {
    await joinByHand(site, 'w2', 'w1');
    await eventually('the twin is Ready', async () => (await site.observer.readyNodes()).includes('w1'));
    const outcome = await site.run('join-worker', 'w1');
    expectRefused(outcome, 'IdentityConflict', /Node w1/);
    await expectUntouched(site, 'w1');
    expect(await site.observer.readyNodes()).toContain('w1');
  }),
];
