import { expect } from 'vitest';
import { expectAllJoined, expectBlocked, expectUntouched } from '../expect.js';
import { killUnits, onConsole, write } from '../inject.js';
import type { Outcome } from '../operations.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';
import type { Site } from '../site.js';

const login = '/root/.kube/config';
const cni = '/etc/cni/net.d/99-mine.conflist';
const credentials = '/var/lib/kubelet/config.json';
const conflist = '{ "cniVersion": "0.4.0", "name": "mine", "plugins": [{ "type": "bridge", "bridge": "mine0" }] }\n';

/**
 * A host that an operator has prepared: kubectl for the very cluster that it is to join, a CNI configuration, credentials
 * for the kubelet's registry, and the bridge and a table that an earlier trial has left. It counts as clean, and nobody is
 * asked.
 */
const makeMine = async (site: Site, host: string): Promise<string> => {
  const kubeconfig = await onConsole(site, 'cp1', 'cat /etc/kubernetes/admin.conf');
  await write(site, host, login, kubeconfig);
  await write(site, host, cni, conflist);
  await write(site, host, credentials, '{}');
  await onConsole(site, host, 'ip link add cni0 type bridge');
  await onConsole(site, host, 'nft -f -', 'table ip kube-proxy {\n\tchain mine {\n\t}\n}\n');
  return kubeconfig;
};

const expectMine = async ({ observer, ...site }: Site, host: string, kubeconfig: string): Promise<void> => {
  expect(await observer.read(host, login)).toBe(kubeconfig);
  expect(await observer.read(host, cni)).toBe(conflist);
  expect(await observer.read(host, credentials)).toBe('{}');
  expect(await onConsole({ observer, ...site }, host, 'ls /sys/class/net')).toMatch(/^cni0$/m);
  expect(await onConsole({ observer, ...site }, host, 'nft list ruleset')).toContain('table ip kube-proxy');
};

/** A join that has begun to write and cannot go on; since then there is a CNI file beside the operator's. */
const blockWhileJoining = async (site: Site, host: string): Promise<Extract<Outcome, { status: 'blocked' }>> => {
  await onConsole(site, host, 'mkdir -p /etc/default; echo KUBELET_EXTRA_ARGS=--no-such-flag > /etc/default/kubelet');
  const outcome = await site.run('join-worker', host);
  if (outcome.status !== 'blocked') throw new Error(`not blocked: ${outcome.message}`);
  expectBlocked(outcome, 'KubeletNotRunning', /./);
  await write(site, host, '/etc/cni/net.d/10-since.conflist', conflist);
  await onConsole(site, host, 'rm /etc/default/kubelet; systemctl stop kubelet');
  return outcome;
};

/** Puts a folder on another disk: what is there now goes with it. */
const moveToDisk = (site: Site, host: string, folder: string): Promise<string> =>
  onConsole(
    site,
    host,
    // In the lab these folders are mounts of the host's own disk.
    `umount ${folder} 2>/dev/null; rm -rf ${folder}; mkdir -p /data${folder} $(dirname ${folder}) && ln -s /data${folder} ${folder}`,
  );

export const leftAlone: readonly Scenario[] = [
  scenario('R13: a rollback leaves what was on the host before the join', { inEveryLabRun: true }, async (site) => {
    const kubeconfig = await makeMine(site, 'w1');
    const outcome = await blockWhileJoining(site, 'w1');
    expect(await site.decide(outcome, 'rollback')).toMatchObject({ progress: { outcome: 'rolled-back' } });
    await expectUntouched(site, 'w1');
    expect(await site.observer.files('w1', '/etc/cni/net.d')).toEqual([cni]);
    await expectMine(site, 'w1', kubeconfig);
  }),

  scenario('R13: a retry cleans its own attempt, and leaves what was on the host before it', {}, async (site) => {
    const kubeconfig = await makeMine(site, 'w1');
    const outcome = await blockWhileJoining(site, 'w1');
    await site.decideAndFinish(outcome, 'retry');
    await expectMine(site, 'w1', kubeconfig);
    expect(await site.observer.files('w1', '/etc/cni/net.d')).not.toContain('/etc/cni/net.d/10-since.conflist');
  }),

  scenario('R16: a host with the bridge of LXC is reset, and keeps the bridge', {}, async (site) => {
    await onConsole(site, 'w1', 'ip link add lxcbr0 type bridge');
    await write(site, 'w1', '/etc/kubernetes/kubelet.conf', 'not a kubeconfig');
    const outcome = await site.run('join-worker', 'w1');
    const { remedy } = expectBlocked(outcome, 'DirtyHost', /w1 still carries an earlier node/);
    expect(remedy).not.toContain('lxcbr0');
    await site.decideAndFinish(outcome, 'approve');
    expect(await onConsole(site, 'w1', 'ls /sys/class/net')).toMatch(/^lxcbr0$/m);
    await expectAllJoined(site, { controlPlane: ['cp1'], workers: ['w1'] });
  }),

  scenario(
    'R17: etcd on a disk of its own, through a symbolic link: a rollback empties it, and it joins again',
    { inEveryLabRun: true },
    async (site) => {
      const data = '/data/var/lib/etcd';
      await moveToDisk(site, 'cp2', '/var/lib/etcd');
      const moment = site.whenWritten(
        'cp2',
        data,
        /member\/wal/,
        async () => void (await killUnits(site, 'cp2', 'quorate-join-')),
        { hostGoesOn: true },
      );
      const outcome = await site.run('join-control-plane', 'cp2');
      await moment.done();
      if (outcome.status !== 'blocked') throw new Error(`not blocked: ${outcome.message}`);
      expect(await site.observer.files('cp2', data)).not.toEqual([]);
      expect(await site.decide(outcome, 'rollback')).toMatchObject({ progress: { outcome: 'rolled-back' } });
      expect(await site.observer.files('cp2', data)).toEqual([]);
      expect(await onConsole(site, 'cp2', 'readlink /var/lib/etcd')).toBe(`${data}\n`);
      // The link is there still: of nothing else below it.
      expect(await site.observer.files('cp2', '/etc/kubernetes')).toEqual([]);
      expect(await site.observer.ports('cp2')).toEqual([]);
      await site.finish('join-control-plane', 'cp2');
      expect(await site.observer.files('cp2', data)).not.toEqual([]);
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),

  scenario('R19: a service whose name begins like an operation’s goes on', {}, async (site) => {
    await write(
      site,
      'w1',
      '/etc/systemd/system/quorate-worker.service',
      '[Unit]\nDescription=A worker of Quorate\n[Service]\nExecStart=/usr/bin/sleep 86400\n',
    );
    await onConsole(site, 'w1', 'systemctl daemon-reload; systemctl start quorate-worker.service');
    await site.finish('join-worker', 'w1');
    expect(await onConsole(site, 'w1', 'systemctl is-active quorate-worker.service')).toBe('active\n');
    await expectAllJoined(site, { controlPlane: ['cp1'], workers: ['w1'] });
  }),
];
