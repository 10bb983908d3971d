import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { saveSnapshot } from '../../../adapters/etcd/snapshot.js';
import { snapshotFolder, snapshotHost } from './snapshot-host.js';
import type { SnapshotHost } from './snapshot-host.js';

let host: SnapshotHost;
beforeEach(() => {
  host = snapshotHost();
});
afterEach(() => host.close());

const save = (keep = 2) => saveSnapshot(host, { keep, label: 'cp3' });
const nameOf = ({ file }: { readonly file: string }): string => file.split('/').at(-1) ?? '';
const inFolder = (name: string): string => `${snapshotFolder}/${name}`;

describe('retention', () => {
  test('the newest are kept', async () => {
    const saved = [await save(), await save(), await save(), await save()];
    expect(host.snapshots()).toEqual(saved.slice(-2).map(nameOf));
    expect(saved.at(-1)).toMatchObject({ kept: 2, elsewhere: 0, unrecorded: 0, undeleted: [] });
  });

  test('R11: a clock that was put back makes no snapshot older: the one just made stays', async () => {
    host.setClock('20270101T000000Z');
    await save(1);
    host.setClock('20200101T000000Z');
    const saved = await save(1);
    expect(existsSync(saved.file)).toBe(true);
    expect(host.snapshots()).toEqual([nameOf(saved)]);
  });

  test('R11: the same second, or a clock that stands still, overwrites nothing', async () => {
    host.setClock('20270101T000000Z');
    const saved = [await save(), await save()];
    expect(host.snapshots()).toEqual(saved.map(nameOf));
  });

  test('R11: what is reported is read from the file where it lies, after retention', async () => {
    // The disk loses what was written once it was moved there.
    host.program('sync', 'for last; do case "$last" in *.db) : > "$last" ;; esac; done');
    await expect(save()).rejects.toMatchObject({ type: 'CommandFailed' });
    host.program('sync', 'for last; do case "$last" in *.db) rm "$last" ;; esac; done');
    await expect(save()).rejects.toMatchObject({ type: 'CommandFailed' });
    host.program(
      'sync',
      'for last; do case "$last" in *.db) printf x | dd of="$last" conv=notrunc 2>/dev/null ;; esac; done',
    );
    await expect(save()).rejects.toMatchObject({ type: 'CommandFailed' });
  });

  test('R15: files of people stay, whatever their names', async () => {
    const theirs = ['0-before-migration.db', 'pre-upgrade-3.db', 'zz.db', 'etcd-000001-mine.db', 'etcd-of-old.db'];
    for (const name of theirs) host.put(inFolder(name), name);
    await save(1);
    await save(1);
    const saved = await save(1);
    expect(host.snapshots()).toEqual([...theirs, nameOf(saved)].toSorted());
    for (const name of theirs) expect(host.read(inFolder(name))).toBe(name);
    expect(saved).toMatchObject({ kept: 1, unrecorded: theirs.length });
  });

  test('R15: a snapshot of an earlier version has no record: it stays, and is counted', async () => {
    const old = ['20250101T000000Z-cp2.db', '20991231T235959Z-cp2.db'];
    for (const name of old) host.put(inFolder(name), '');
    const saved = await save(1);
    expect(host.snapshots()).toEqual([...old, nameOf(saved)].toSorted());
    expect(saved).toMatchObject({ kept: 1, unrecorded: 2 });
  });

  test('R15: a file that somebody put in the place of a recorded one stays', async () => {
    const first = await save(1);
    host.put(inFolder(nameOf(first)), 'notes');
    const saved = await save(1);
    expect(host.read(inFolder(nameOf(first)))).toBe('notes');
    expect(saved).toMatchObject({ kept: 1, unrecorded: 1 });
    const touched = await save(2);
    utimesSync(join(host.folder, inFolder(nameOf(saved))), 1, 1);
    await save(1);
    expect(host.snapshots()).toContain(nameOf(saved));
    expect(host.snapshots()).not.toContain(nameOf(touched));
  });

  test('R15: snapshots of another cluster stay, by its id and by its CA', async () => {
    const one = await save(1);
    host.setCluster('77');
    const two = await save(1);
    expect(two).toMatchObject({ kept: 1, elsewhere: 1 });
    // kubeadm gives a cluster that is made anew on the same host the same id.
    host.setCluster('77', 'another CA');
    const three = await save(1);
    expect(three).toMatchObject({ kept: 1, elsewhere: 2 });
    host.setCluster('77');
    const four = await save(1);
    expect(host.snapshots()).toEqual([one, three, four].map(nameOf));
  });

  test('R15: a lost record makes nothing of what is there ours, and no number is given twice', async () => {
    const before = [await save(), await save()];
    host.put(inFolder('records'), '');
    const saved = [await save(1), await save(1)];
    expect(host.snapshots()).toEqual([...before, saved[1]!].map(nameOf));
    expect(nameOf(saved[1]!)).toMatch(/^etcd-000004-/);
    expect(saved[1]).toMatchObject({ kept: 1, unrecorded: 2 });
  });

  test('R15: of a record that is half written only whole lines count', async () => {
    const before = [await save(), await save()];
    const lines = host.read(inFolder('records')).split('\n');
    host.put(inFolder('records'), `${lines[0]?.slice(0, 40)}\n${lines[1]}\n/etc/passwd\n0 0 ../../x`);
    const saved = await save(1);
    expect(host.snapshots()).toHaveLength(2);
    expect(saved).toMatchObject({ kept: 1, unrecorded: 1 });
    expect(before.filter(({ file }) => existsSync(file))).toHaveLength(1);
  });

  test('R15: a record that cannot be read is not one that is empty', async () => {
    const before = [await save(), await save()];
    const kept = host.read(inFolder('records'));
    host.program(
      'cat',
      `case "$*" in *records*) echo 'cat: records: Input/output error' >&2; exit 1 ;; esac; exec /bin/cat "$@"`,
    );
    await expect(save(1)).rejects.toMatchObject({ type: 'CommandFailed' });
    expect(host.snapshots()).toEqual(before.map(nameOf));
    expect(host.read(inFolder('records'))).toBe(kept);
  });

  test('R15: a record never leads out of its folder', async () => {
    await save();
    host.put('victim.db', 'x');
    const [line = ''] = host.read(inFolder('records')).split('\n');
    host.put(inFolder('records'), `${line.replace(/etcd-\S+$/, '../../../../victim.db')}\n`);
    await save(1);
    expect(host.read('victim.db')).toBe('x');
  });

  test('what cannot be deleted is said, and deleted the next time', async () => {
    const first = await save(1);
    host.program('rm', `for last; do case "$last" in *.db) exit 1 ;; esac; done; exec /bin/rm "$@"`);
    const second = await save(1);
    expect(second).toMatchObject({ kept: 1, undeleted: [nameOf(first)] });
    host.program('rm', 'exec /bin/rm "$@"');
    const third = await save(1);
    expect(host.snapshots()).toEqual([nameOf(third)]);
  });
});
