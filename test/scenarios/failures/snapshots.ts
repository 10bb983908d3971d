import { expect } from 'vitest';
import { expectAllJoined, expectBlocked, expectUntouched } from '../expect.js';
import { onConsole } from '../inject.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';
import type { Site } from '../site.js';

const snapshots = async ({ observer }: Site, host: string): Promise<readonly string[]> =>
  (await observer.files(host, '/var/lib/quorate/snapshots')).filter((file) => file.endsWith('.db'));

/** Files of snapshots, whole or in the making, that are neither a snapshot by its name nor what Quorate keeps of them. */
const inTheMaking = async ({ observer }: Site, host: string): Promise<readonly string[]> => [
  ...(await observer.files(host, '/var/lib/quorate/snapshots')).filter((file) => /\.part|\.new/.test(file)),
  ...(await observer.files(host, '/var/lib/etcd')).filter((file) => /quorate|snapshot\./.test(file)),
];

/** The host has an etcdctl only in the container of its etcd, as most have. */
const hideEtcdctl = (site: Site, host: string): Promise<string> =>
  onConsole(site, host, 'for one in etcdctl etcdutl; do at=$(command -v $one); mv "$at" "$at.away"; done');
const showEtcdctl = (site: Site, host: string): Promise<string> =>
  onConsole(
    site,
    host,
    'for at in /usr/bin/etcd*.away /usr/local/bin/etcd*.away; do [ ! -e "$at" ] || mv "$at" "${at%.away}"; done',
  );

export const etcdSnapshots: readonly Scenario[] = [
  scenario(
    'R14: a snapshot is begun only where there is room for it, and never beside the database of etcd',
    { inEveryLabRun: true },
    async (site) => {
      const before = await snapshots(site, 'cp1');
      await site.faults.fillDisk('cp1', 100);
      const outcome = await site.run('join-control-plane', 'cp2');
      const { evidence } = expectBlocked(
        outcome,
        'NoSpace',
        /^cp1 has \d+ MiB free at \/var\/lib\/quorate\/snapshots: a snapshot of its etcd \(\d+\.\d MiB\) wants \d+ MiB$/,
      );
      expect(evidence.join('\n')).toMatch(/^cp1 \/var\/lib\/quorate\/snapshots: \d+ MiB free/);
      expect(await snapshots(site, 'cp1')).toEqual(before);
      expect(await inTheMaking(site, 'cp1')).toEqual([]);
      await expectUntouched(site, 'cp2');
      await site.faults.freeDisk('cp1');

      await hideEtcdctl(site, 'cp1');
      const besideEtcd: string[] = [];
      const stop = new AbortController();
      const watching = watch(site, besideEtcd, stop.signal);
      try {
        await site.decideAndFinish(outcome, 'retry');
      } finally {
        stop.abort();
        await watching;
        await showEtcdctl(site, 'cp1');
      }
      expect(besideEtcd).toEqual([]);
      expect(await snapshots(site, 'cp1')).toHaveLength(before.length + 1);
      expect(await inTheMaking(site, 'cp1')).toEqual([]);
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),
];

/** Looks again and again for a snapshot in the folder of etcd's database. */
const watch = async (site: Site, found: string[], until: AbortSignal): Promise<void> => {
  while (!until.aborted) {
    for (const file of await site.observer.files('cp1', '/var/lib/etcd'))
      if (/quorate|snapshot\./.test(file)) found.push(file);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
