import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { saveSnapshot } from '../../../adapters/etcd/snapshot.js';
import { eventually } from '../../support/eventually.js';
import { crictlProgram, etcdFolder, etcdctlProgram, snapshotFolder, snapshotHost } from './snapshot-host.js';
import type { SnapshotHost } from './snapshot-host.js';

let host: SnapshotHost;
beforeEach(() => {
  host = snapshotHost();
});
afterEach(() => host.close());

const pace = { beatSeconds: 0.1, stillSeconds: 1 };
const save = (options: { signal?: AbortSignal } = {}) =>
  saveSnapshot(host, { keep: 2, label: 'cp3', pace, ...options });

/** The pid of the shell that takes the snapshot, by the name of its part. */
const pidOf = (part = ''): number => Number(/snapshot[.-](\d+)\.part/.exec(part)?.[1]);
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const begun = async (): Promise<number> => {
  await eventually(() => host.parts()).not.toEqual([]);
  return pidOf(host.parts()[0]);
};

/** A database that comes in pieces, one each quarter of a second. */
const slowly = `rm -f "$last.part"; for n in 0 1 2 3 4 5 6 7; do tail -c +$((n * 20484 + 1)) "$FOLDER/db" | head -c 20484 >> "$last.part"; sleep 0.25; done`;

describe('how long it may take', () => {
  test('R25: no time limits a snapshot that goes on', async () => {
    host.program('etcdctl', etcdctlProgram(slowly));
    // Twice as long as one that stands still is given.
    expect(await save()).toMatchObject({ sizeBytes: 40 * 4096 + 32 });
    expect(host.read('saves')).not.toContain('--command-timeout');
  });

  test('R25: one that stands still is given up, and nothing of it is left', async () => {
    host.program('etcdctl', etcdctlProgram('head -c 8192 "$FOLDER/db" > "$last.part"; sleep 30'));
    const started = Date.now();
    await expect(save()).rejects.toMatchObject({
      type: 'EtcdUnavailable',
      message: expect.stringMatching(/stood still for 1 s after 8192 bytes/) as string,
    });
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(host.parts()).toEqual([]);
  });
});

describe('one that ends in the middle leaves nothing', () => {
  const hanging = etcdctlProgram('head -c 8192 "$FOLDER/db" > "$last.part"; sleep 3');

  test.each(['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const)('R14: %s', async (signal) => {
    host.program('etcdctl', hanging);
    const saving = save().catch((error: unknown) => error);
    process.kill(await begun(), signal);
    expect(await saving).toMatchObject({ type: 'CommandFailed' });
    expect(host.parts()).toEqual([]);
    await sleep(300);
    expect(host.parts()).toEqual([]);
  });

  test('R14: its connection is lost: it ends by itself', async () => {
    host.program('etcdctl', hanging);
    const lost = new AbortController();
    const saving = save({ signal: lost.signal }).catch((error: unknown) => error);
    const pid = await begun();
    lost.abort();
    expect(await saving).toMatchObject({ type: 'Unreachable' });
    await eventually(() => isAlive(pid)).toBe(false);
    expect(host.parts()).toEqual([]);
  });

  test('R14: SIGKILL: the one that watches it clears up', async () => {
    host.program('etcdctl', hanging);
    const saving = save().catch((error: unknown) => error);
    process.kill(await begun(), 'SIGKILL');
    await saving;
    await eventually(() => host.parts()).toEqual([]);
  });

  test('R14: what was begun in the container ends as well', async () => {
    host.forget('etcdctl', 'etcdutl');
    // As crictl: its end says nothing to the command that it began.
    host.program(
      'crictl',
      'case "$1" in ps) echo c1 ;; exec) shift 2; setsid "$@" & echo $! > "$FOLDER/pid"; wait ;; esac',
    );
    host.program('etcdctl', hanging.replace('sleep 3', 'while :; do sleep 0.1; done'));
    const saving = save().catch((error: unknown) => error);
    await begun();
    expect(await saving).toMatchObject({ type: 'EtcdUnavailable' });
    expect(host.etcdFiles()).toEqual([]);
    await eventually(() => isAlive(Number(host.read('pid')))).toBe(false);
  });

  test('R14: what a dead attempt left in either folder is removed by the next; what is not of its name stays', async () => {
    const left = ['quorate-snapshot-4242.part', 'quorate-snapshot-4242.part.part'];
    for (const folder of [snapshotFolder, etcdFolder]) for (const name of left) host.put(`${folder}/${name}`, 'x');
    const theirs = ['my.db.part', 'quorate-snapshot-of-june.part'];
    for (const name of theirs) host.put(`${snapshotFolder}/${name}`, 'x');
    await save();
    expect(host.parts()).toEqual(theirs);
  });
});

describe('two at once', () => {
  test('R15: the second waits for the first, and neither loses its record', async () => {
    host.program('etcdctl', etcdctlProgram(slowly));
    const [first, second] = await Promise.all([save(), save()]);
    expect(new Set([first.file, second.file]).size).toBe(2);
    expect(host.snapshots()).toHaveLength(2);
    expect(host.read(`${snapshotFolder}/records`).trim().split('\n')).toHaveLength(2);
  });

  test('R15: a first one that hangs is named, and left alone', async () => {
    host.program('etcdctl', etcdctlProgram('sleep 4; cp "$FOLDER/db" "$last.part"'));
    const first = saveSnapshot(host, { keep: 2, label: 'cp3', pace: { beatSeconds: 60, stillSeconds: 60 } });
    await eventually(() => host.exists('saves')).toBe(true);
    await expect(save()).rejects.toMatchObject({
      type: 'HostNotClean',
      message: expect.stringMatching(/another snapshot .* process \d+/) as string,
    });
    await first;
  });

  test('the container’s part is removed as well when it fails there', async () => {
    host.forget('etcdctl', 'etcdutl');
    host.program('crictl', crictlProgram);
    host.program('etcdctl', etcdctlProgram('echo x > "$last.part"; exit 1'));
    await expect(save()).rejects.toMatchObject({ type: 'CommandFailed' });
    expect(host.etcdFiles()).toEqual([]);
  });
});
