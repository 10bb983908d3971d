import { execFileSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  changedSinceCheck,
  guardScript,
  identityFunction,
  ownMarkerStart,
  requireUnchanged,
} from '../../../adapters/host/identity-script.js';
import { renderMarker } from '../../../adapters/host/marker.js';
import { needs } from '../../support/needs.js';
import { hostFolder } from './host-folder.js';
import type { HostFolder } from './host-folder.js';
import { shells } from './shells.js';

const own = { operation: 'prod/join-control-plane/cp3/k1', run: 'run-1' };
const marker = (of: Partial<typeof own> = {}): string =>
  renderMarker({ ...own, cluster: 'prod', at: '2026-01-01T00:00:00.000Z', state: 'begun', ...of });
const markerFile = '/var/lib/quorate/marker.json';
const machine = '3d1219c7c4c5404aaa1f6d2a48adfda4';

let host: HostFolder;
afterEach(() => host.close());

const node = {
  '/etc/kubernetes/pki/ca.crt': 'a CA\n',
  '/etc/kubernetes/pki/ca.key': 'a key\n',
  '/etc/kubernetes/admin.conf': 'an administrator\n',
  '/etc/kubernetes/kubelet.conf': 'a kubelet\n',
  '/etc/kubernetes/controller-manager.conf': '',
  '/var/lib/etcd/member/wal/0.wal': '',
};
const path = (file: string): string => join(host.folder, 'root', file);
const whose = async (): Promise<string[]> => {
  const { stdout } = await host.run(`cd / || exit 1\n${identityFunction}\nwhose`);
  return stdout.split('\n').filter((line) => line !== '');
};
/** What the guard of a command says: undefined when it lets it go on. */
const differs = async (identity: readonly string[], mark = 'quorate-0123456789abcdef01234567') => {
  const { stdout, stderr, end } = await host.run(`set -eu\n${guardScript(mark, { identity, own })}\necho went on`);
  expect({ stderr, end }).toEqual({ stderr: '', end: { kind: 'exited', code: 0 } });
  if (stdout === 'went on\n') return undefined;
  const [, text] = stdout.split(`\n${mark} differs\n`);
  return text?.trim();
};
const seconds = (file: string, time: string): string =>
  execFileSync('touch', ['-d', time, path(file)], { encoding: 'utf8' });

for (const { argv: shell, part } of shells)
  describe(`a host, read by ${shell.join(' ')}`, needs(part), () => {
    beforeEach(() => {
      host = hostFolder({ shell });
      host.files(node);
    });

    it('is known by its machine-id, its marker, and the files and folders that a new node makes anew', async () => {
      host.files({ [markerFile]: `${marker()}\n` });
      const number = String.raw`\d+`;
      expect(await whose()).toEqual([
        `/etc/machine-id ${machine}`,
        `${markerFile} ${marker()}`,
        expect.stringMatching(`^/etc/kubernetes/pki/ca.crt ${number}:${number}(?:[.]${number})?:5$`),
        expect.stringMatching(`^/etc/kubernetes/admin.conf ${number}:${number}(?:[.]${number})?:17$`),
        expect.stringMatching(`^/etc/kubernetes/kubelet.conf ${number}:${number}(?:[.]${number})?:10$`),
        expect.stringMatching(`^/etc/kubernetes/controller-manager.conf ${number}:${number}(?:[.]${number})?:0$`),
        expect.stringMatching(`^/var/lib/etcd/member ${number}:[0-9?W-]+$`),
      ]);
    });

    it('that is clean is known by its machine-id; one with nothing at all by nothing', async () => {
      for (const folder of ['etc/kubernetes', 'var/lib/etcd']) rmSync(path(folder), { recursive: true });
      expect(await whose()).toEqual([`/etc/machine-id ${machine}`]);
      rmSync(path('etc/machine-id'));
      expect(await whose()).toEqual([]);
      expect(await differs([])).toBeUndefined();
    });

    it('that is as it was lets a command go on', async () => {
      expect(await differs(await whose())).toBeUndefined();
    });

    it('R3: that lost part of it lets a command go on, as one that was cut off half-way is done again', async () => {
      const before = await whose();
      rmSync(path('etc/kubernetes/pki'), { recursive: true });
      rmSync(path('etc/kubernetes/admin.conf'));
      rmSync(path('var/lib/etcd/member'), { recursive: true });
      expect(await differs(before)).toBeUndefined();
    });

    it('whose etcd was started again, or whose files were only read, is the same', async () => {
      const before = await whose();
      host.files({ '/var/lib/etcd/member/snap/db': 'x' });
      seconds('var/lib/etcd/member', '2001-01-01');
      expect(await differs(before)).toBeUndefined();
    });

    it('carries its own marker by now: no surprise', async () => {
      const before = await whose();
      host.files({ [markerFile]: `${marker()}\n` });
      expect(await differs(before)).toBeUndefined();
      // It says by now that it has ended.
      host.files({ [markerFile]: `${renderMarker({ ...own, cluster: 'prod', at: '', state: 'joined' })}\n` });
      expect(await differs(before)).toBeUndefined();
    });

    it.each([
      ['another operation', marker({ operation: 'prod/join-control-plane/cp3/k2' })],
      ['another run of the operation', marker({ run: 'run-2' })],
      ['an operation whose id only begins alike', marker({ operation: `${own.operation}0` })],
      ['nobody that can be told', '{"operation":"prod/jo'],
    ])('R3: that carries the marker of %s by now refuses', async (__, text) => {
      const before = await whose();
      host.files({ [markerFile]: `${text}\n` });
      expect(await differs(before)).toBe(`${markerFile} ${text}`);
      // What was seen with it is no difference.
      expect(await differs([...before, `${markerFile} ${text}`])).toBeUndefined();
    });

    it('R3: that is another machine refuses', async () => {
      const before = await whose();
      host.files({ '/etc/machine-id': `${'f'.repeat(32)}\n` });
      expect(await differs(before)).toBe(`/etc/machine-id ${'f'.repeat(32)}\nno etc/machine-id ${machine}`);
    });

    it.each([
      ['is empty', () => host.files({ '/etc/machine-id': '' })],
      ['is gone', () => rmSync(path('etc/machine-id'))],
    ])('R3: whose machine-id %s refuses: an image that is about to become another machine', async (__, change) => {
      const before = await whose();
      change();
      expect(await differs(before)).toBe(`no etc/machine-id ${machine}`);
    });

    it('that had no machine-id when it was checked, and has one now, refuses', async () => {
      const [line = '', ...before] = await whose();
      expect(await differs(before)).toBe(line);
    });

    it.each([
      ['of the same time, at another place', 'a CA\n', false],
      ['of another size', 'another CA\n', false],
      ['of another time, at the same place', 'a CA\n', true],
    ])('R3: whose CA was written anew refuses: %s', async (__, text, inPlace) => {
      seconds('etc/kubernetes/pki/ca.crt', '2026-01-01 00:00:00');
      const before = await whose();
      const file = path('etc/kubernetes/pki/ca.crt');
      if (inPlace) {
        writeFileSync(file, text);
        seconds('etc/kubernetes/pki/ca.crt', '2026-01-01 00:00:01');
      } else {
        writeFileSync(`${file}.new`, text);
        renameSync(`${file}.new`, file);
        seconds('etc/kubernetes/pki/ca.crt', '2026-01-01 00:00:00');
      }
      expect(await differs(before)).toMatch(/^\/etc\/kubernetes\/pki\/ca\.crt \d+:[\d.]+:\d+$/);
    });

    it('R4: that got a kubelet.conf or an etcd member since refuses', async () => {
      rmSync(path('etc/kubernetes'), { recursive: true });
      rmSync(path('var/lib/etcd/member'), { recursive: true });
      const before = await whose();
      host.files({ '/etc/kubernetes/kubelet.conf': 'of somebody' });
      expect(await differs(before)).toMatch(/^\/etc\/kubernetes\/kubelet\.conf \S+$/);
      rmSync(path('etc/kubernetes'), { recursive: true });
      host.files({ '/var/lib/etcd/member/wal/0.wal': '' });
      expect(await differs(before)).toMatch(/^\/var\/lib\/etcd\/member \S+$/);
    });

    it('R4: whose etcd member is another one refuses', async () => {
      const before = await whose();
      // Beside it first, so that it cannot get the same inode.
      host.files({ '/var/lib/etcd/member.new/wal/0.wal': '' });
      rmSync(path('var/lib/etcd/member'), { recursive: true });
      renameSync(path('var/lib/etcd/member.new'), path('var/lib/etcd/member'));
      expect(await differs(before)).toMatch(/^\/var\/lib\/etcd\/member \S+$/);
    });

    it('files that people and the kubelet write on the way are no difference', async () => {
      const before = await whose();
      host.files({
        '/etc/kubernetes/audit-policy.yaml': 'x',
        '/etc/kubernetes/manifests/mine.yaml': 'x',
        '/var/lib/kubelet/config.yaml': 'x',
        '/etc/kubernetes/pki/ca.key': 'as old as it was, by another name\n',
      });
      expect(await differs(before)).toBeUndefined();
    });

    it('a marker with every kind of quote is compared as it is', async () => {
      const odd = `{"operation":"it's \\"odd\\" $(reboot) \`x\` %s \\\\n","run":"*"}`;
      host.files({ [markerFile]: `${odd}\n` });
      const before = await whose();
      expect(before).toContain(`${markerFile} ${odd}`);
      expect(await differs(before)).toBeUndefined();
      host.files({ [markerFile]: `${odd.replace('odd', 'even')}\n` });
      expect(await differs(before)).toBe(`${markerFile} ${odd.replace('odd', 'even')}`);
    });

    it('a marker without an end of line, as a full disk leaves it, is seen as well', async () => {
      const before = await whose();
      host.files({ [markerFile]: '{"operation":"x"' });
      expect(await differs(before)).toBe(`${markerFile} {"operation":"x"`);
    });

    it('is compared before something that is done elsewhere, such as the removal of its etcd member', async () => {
      const before = await whose();
      await requireUnchanged(host, 'the removal', { identity: before, own });
      host.files({ [markerFile]: `${marker({ run: 'run-2' })}\n` });
      await expect(requireUnchanged(host, 'the removal', { identity: before, own })).rejects.toMatchObject({
        type: 'ChangedSinceCheck',
        message: expect.stringMatching(
          /^cp3 is no longer what was checked: \/var\/lib\/quorate\/marker\.json .*; the removal was not begun$/,
        ) as string,
        details: {
          host: 'cp3',
          remedy: expect.stringContaining('reads cp3 and the cluster again by itself') as string,
          evidence: [`new: ${markerFile} ${marker({ run: 'run-2' })}`],
        },
      });
    });
  });

it('the error of a guard quotes no more than the beginning of a long line', () => {
  const { message, details } = changedSinceCheck('cp3', 'kubeadm reset', `/x ${'y'.repeat(5_000)}\n\nz\n`);
  expect(message.length).toBeLessThan(300);
  expect(details.evidence.map((line) => line.length)).toEqual([205, 6]);
});

it('an own marker is known by how it begins, with both names', () => {
  expect(marker().startsWith(ownMarkerStart(own))).toBe(true);
  expect(marker({ run: 'run-12' }).startsWith(ownMarkerStart(own))).toBe(false);
  expect(ownMarkerStart({ operation: 'a"b', run: 'r' })).toBe(String.raw`{"operation":"a\"b","run":"r"`);
});
