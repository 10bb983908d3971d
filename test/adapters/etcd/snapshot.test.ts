import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { saveSnapshot } from '../../../adapters/etcd/snapshot.js';
import { crictlProgram, etcdctlProgram, gatewayProgram, snapshotFolder, snapshotHost } from './snapshot-host.js';
import type { SnapshotHost } from './snapshot-host.js';

let host: SnapshotHost;
beforeEach(() => {
  host = snapshotHost();
});
afterEach(() => host.close());

const save = (options: { keep?: number; label?: string } = {}) =>
  saveSnapshot(host, { keep: 2, label: 'cp3', ...options });

describe('snapshots', () => {
  test('are verified, and for root alone', async () => {
    const saved = await save({ label: 'cp3 of/prod' });
    expect(saved).toMatchObject({ revision: 617, totalKeys: 272, sizeBytes: 40 * 4096 + 32 });
    expect(saved.file).toMatch(/\/etcd-000001-20\d{6}T\d{6}Z-cp3-of-prod\.db$/);
    expect(host.snapshots()).toEqual([saved.file.split('/').at(-1)]);
    expect(statSync(saved.file).mode & 0o777).toBe(0o600);
    expect(statSync(join(host.folder, snapshotFolder)).mode & 0o777).toBe(0o700);
    expect(statSync(join(host.folder, snapshotFolder, 'records')).mode & 0o777).toBe(0o600);
    expect(host.parts()).toEqual([]);
  });

  test('older etcdctl verifies by itself', async () => {
    host.program('etcdutl', 'exit 127');
    host.program(
      'etcdctl',
      etcdctlProgram().replace(
        `*'snapshot status'*) exit 1`,
        `*'snapshot status'*) echo '{"hash":1,"revision":616,"totalKey":9,"totalSize":598016}'`,
      ),
    );
    expect(await save()).toMatchObject({ revision: 616, totalKeys: 9 });
  });

  test('one that cannot be verified is an error, and is not kept', async () => {
    host.program('etcdutl', `echo 'Error: snapshot file is truncated' >&2; exit 1`);
    await expect(save()).rejects.toMatchObject({ type: 'CommandFailed' });
    expect(host.snapshots()).toEqual([]);
    expect(host.parts()).toEqual([]);
  });

  test('one whose content is not what etcd sent is an error, and is not kept', async () => {
    host.program('etcdctl', etcdctlProgram('tr a b < "$FOLDER/db" > "$last.part"'));
    await expect(save()).rejects.toMatchObject({
      type: 'CommandFailed',
      message: expect.stringContaining('checksum') as string,
    });
    expect(host.snapshots()).toEqual([]);
    expect(host.parts()).toEqual([]);
  });

  test('without an etcd it is EtcdUnavailable', async () => {
    host.program('etcdctl', `echo 'Error: context deadline exceeded' >&2; exit 1`);
    await expect(save()).rejects.toMatchObject({ type: 'EtcdUnavailable' });
  });
});

describe('without etcdctl on the host', () => {
  beforeEach(() => {
    host.forget('etcdctl', 'etcdutl');
    host.program('crictl', crictlProgram);
  });

  test('R14: a snapshot comes through the gateway of etcd, and nothing is written beside its database', async () => {
    host.program('curl', gatewayProgram('ls "$FOLDER/var/lib/etcd" >> "$FOLDER/seen"'));
    const saved = await save();
    expect(saved).toMatchObject({ revision: 612, sizeBytes: 40 * 4096 + 32 });
    expect(saved.totalKeys).toBeUndefined();
    expect(host.read(`${snapshotFolder}/${saved.file.split('/').at(-1)}`)).toBe(host.read('db'));
    expect(host.read('seen')).toBe('');
    expect(host.exists('inside')).toBe(false);
    expect(host.parts()).toEqual([]);
  });

  test('R14: one that breaks off in the gateway is no snapshot', async () => {
    host.program('curl', gatewayProgram('[ $at -lt 100000 ] || exit 18'));
    await expect(save()).rejects.toMatchObject({ type: 'EtcdUnavailable' });
    expect(host.snapshots()).toEqual([]);
    expect(host.parts()).toEqual([]);
  });

  test('made in the container it goes through the folder that both see', async () => {
    const saved = await save();
    expect(saved).toMatchObject({ revision: 617, totalKeys: 272 });
    expect(host.read('saves')).toContain('/var/lib/etcd/quorate-snapshot-');
    expect(host.read(`${snapshotFolder}/${saved.file.split('/').at(-1)}`)).toBe(host.read('db'));
    expect(host.etcdFiles()).toEqual([]);
    expect(host.parts()).toEqual([]);
  });

  test('R14: in the container nothing is begun where it would fill the disk of etcd', async () => {
    host.setFree('etcd', 100);
    await expect(save()).rejects.toMatchObject({
      type: 'NoSpace',
      message: expect.stringMatching(
        /^cp1 has 100 MiB free .*\/var\/lib\/etcd: a snapshot of its etcd .* wants 513 MiB/,
      ),
    });
    expect(host.exists('saves')).toBe(false);
    expect(host.etcdFiles()).toEqual([]);
  });
});

describe('room', () => {
  test('R14: nothing is begun without room for the database and a margin', async () => {
    host.setFree('quorate', 500);
    await expect(save()).rejects.toMatchObject({
      type: 'NoSpace',
      message: expect.stringMatching(/^cp1 has 500 MiB free .*\/var\/lib\/quorate\/snapshots/),
      details: { host: 'cp1', remedy: expect.stringContaining('policy.snapshots.keep') as string },
    });
    expect(host.exists('saves')).toBe(false);
    expect(host.parts()).toEqual([]);
  });

  test('R14: a disk that fills up meanwhile, whoever fills it, ends the snapshot, and nothing of it is left', async () => {
    host.program(
      'etcdctl',
      etcdctlProgram('head -c 8192 "$FOLDER/db" > "$last.part"; echo 50 > "$FOLDER/free-quorate"; sleep 20'),
    );
    const started = Date.now();
    await expect(
      saveSnapshot(host, { keep: 2, label: 'cp3', pace: { beatSeconds: 0.1, stillSeconds: 10 } }),
    ).rejects.toMatchObject({ type: 'NoSpace' });
    expect(Date.now() - started).toBeLessThan(8_000);
    expect(host.parts()).toEqual([]);
    expect(host.snapshots()).toEqual([]);
  });

  test('R14: a write that fails for want of space is told as that', async () => {
    host.program('etcdctl', etcdctlProgram('false'));
    await expect(save()).rejects.toMatchObject({ type: 'NoSpace' });
    expect(host.parts()).toEqual([]);
  });
});
