import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Claimant } from '../../../adapters/host/identity-script.js';
import { renderMarker } from '../../../adapters/host/marker.js';
import { ensureUnit } from '../../../adapters/systemd/ensure-unit.js';
import type { UnitCommand } from '../../../adapters/systemd/ensure-unit.js';
import { readUnit } from '../../../adapters/systemd/read-unit.js';
import { unitName } from '../../../adapters/systemd/unit-name.js';
import { unitDescription, unitsOf } from '../../../adapters/systemd/units-of.js';
import { installFakeSystemd } from '../../support/fake-systemd.js';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

// The scripts really run; systemd is a model of it, and `/` a folder.
let host: ShellHost;
let lockSeconds: number;
beforeEach(() => {
  lockSeconds = 30;
  host = shellHost({
    name: 'w1',
    rewrite: (script, folder) =>
      script
        .replaceAll('/var/log/quorate', `${folder}/log`)
        .replaceAll('/run/quorate.lock', `${folder}/lock`)
        .replaceAll(/^cd \/ \|\|/gm, `cd ${folder}/root ||`)
        // Where the marker is written; in what is compared its path stays.
        .replaceAll(/(mkdir -p |> |mv -f |\$\$ |sync )\/var\/lib\/quorate/g, `$1${folder}/root/var/lib/quorate`)
        .replace('flock -w 30 9', `flock -w ${lockSeconds} 9`),
  });
  installFakeSystemd(host);
  put('etc/machine-id', `${machine}\n`);
  host.program(
    'work',
    `echo "$1" >> "$FOLDER/starts"; cat "$FOLDER/root/${markerFile}" >> "$FOLDER/marks"; exec sleep "\${2:-0.2}"`,
  );
});
afterEach(() => host.close());

const machine = 'c3'.repeat(16);
const identity = [`/etc/machine-id ${machine}`];
const markerFile = 'var/lib/quorate/marker.json';
const put = (file: string, content: string): void => {
  const path = join(host.folder, 'root', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};
const read = (file: string): string =>
  existsSync(join(host.folder, file)) ? readFileSync(join(host.folder, file), 'utf8') : '';
const one: Claimant = { operation: 'prod/join-worker/w1/k1', run: 'run-1' };
const marker = (own: Claimant): string =>
  renderMarker({ ...own, cluster: 'prod', at: '2026-01-01T00:00:00.000Z', state: 'begun' });
const command = (own = one, { seen = identity, argv = ['work', own.run] } = {}): UnitCommand => ({
  unit: unitName({ ...own, step: 'join', host: 'w1', round: 0 }),
  description: unitDescription(own),
  argv,
  claim: { guard: { identity: seen, own }, marker: marker(own) },
});
const started = (): string[] =>
  read('starts')
    .split('\n')
    .filter((line) => line !== '');
const eventuallyStarted = (times: number) => expect.poll(started, { timeout: 5_000 }).toHaveLength(times);

describe('a command that changes a host', () => {
  test('marks it first, and is begun when that is done', async () => {
    expect((await ensureUnit(host, command())).outcome).toBe('started');
    await eventuallyStarted(1);
    await expect.poll(() => read('marks')).toBe(`${marker(one)}\n`);
    expect(read(`root/${markerFile}`)).toBe(`${marker(one)}\n`);
  });

  test.each([
    ['another machine', 'etc/machine-id', `${'f'.repeat(32)}\n`, `/etc/machine-id ${'f'.repeat(32)}`],
    ['somebody else’s mark', markerFile, '{"operation":"x"}\n', `/${markerFile} {"operation":"x"}`],
    ['another node', 'etc/kubernetes/kubelet.conf', 'x', '/etc/kubernetes/kubelet.conf '],
  ])('R3: is not begun on a host with %s: nothing is written, nothing is started', async (_, file, text, says) => {
    put(file, text);
    const error: unknown = await ensureUnit(host, command()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      type: 'ChangedSinceCheck',
      message: expect.stringMatching(/^w1 is no longer what was checked: .*; work run-1 was not begun$/) as string,
    });
    expect((error as { details: { evidence: string[] } }).details.evidence[0]).toContain(`new: ${says}`);
    expect(started()).toEqual([]);
    expect(read(`root/${markerFile}`)).toBe(file === markerFile ? text : '');
    expect(existsSync(join(host.folder, 'log'))).toBe(false);
    expect((await readUnit(host, command().unit)).state).toBe('absent');
  });

  test('that was started before is found again, whatever became of the host: it has changed it itself', async () => {
    await ensureUnit(host, command(one, { argv: ['work', one.run, '5'] }));
    await eventuallyStarted(1);
    put('etc/kubernetes/kubelet.conf', 'of its own');
    rmSync(join(host.folder, 'root', markerFile));
    expect((await ensureUnit(host, command())).outcome).toBe('already-there');
    expect(started()).toHaveLength(1);
    // Nor is the host marked again.
    expect(existsSync(join(host.folder, 'root', markerFile))).toBe(false);
  });

  test('that could not be started after its mark was written is begun when it is tried again', async () => {
    const real = read('bin/systemd-run');
    host.program('systemd-run', 'echo "Failed to connect to bus" >&2; exit 1');
    await expect(ensureUnit(host, command())).rejects.toMatchObject({ type: 'CommandFailed' });
    expect(read(`root/${markerFile}`)).toBe(`${marker(one)}\n`);
    host.program('systemd-run', real);
    expect((await ensureUnit(host, command())).outcome).toBe('started');
  });

  test('two attempts at once start one command', async () => {
    const both = await Promise.all([ensureUnit(host, command()), ensureUnit(host, command())]);
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['already-there', 'started']);
    await eventuallyStarted(1);
  });

  test.each([
    ['two operations', { ...one, operation: 'prod/join-worker/w1/k2' }],
    ['two runs of an operation', { ...one, run: 'run-2' }],
  ])(
    'R3: %s that have checked the same host at once: one of them begins, and the host is marked as its',
    async (_, two) => {
      for (let round = 0; round < 3; round++) {
        const commands = [one, two].map((own) => command(own, { argv: ['work', own.run, '5'] }));
        const ended = await Promise.allSettled(commands.map((each) => ensureUnit(host, each)));
        expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        const winner = ended[0]?.status === 'fulfilled' ? one : two;
        const lost = ended.find(({ status }) => status === 'rejected');
        expect((lost as PromiseRejectedResult).reason).toMatchObject({
          type: expect.stringMatching(/^(ChangedSinceCheck|HostNotClean)$/) as string,
        });
        await eventuallyStarted(round + 1);
        expect(started().at(-1)).toBe(winner.run);
        expect(read(`root/${markerFile}`)).toBe(`${marker(winner)}\n`);
        for (const { unit } of commands) await host.run(`systemctl stop ${unit}`);
        rmSync(join(host.folder, 'root', markerFile));
      }
    },
  );

  test('beside one that still runs it neither begins nor marks the host', async () => {
    await ensureUnit(host, command(one, { argv: ['work', one.run, '5'] }));
    await eventuallyStarted(1);
    const two = { ...one, operation: 'prod/join-worker/w1/k2' };
    await expect(
      ensureUnit(host, command(two, { seen: [...identity, `/${markerFile} ${marker(one)}`] })),
    ).rejects.toMatchObject({ type: 'HostNotClean' });
    expect(read(`root/${markerFile}`)).toBe(`${marker(one)}\n`);
  });

  test('waits for the lock of the host, and says who may hold it when that does not come', async () => {
    const holder = host.run(`exec 9> "$FOLDER/lock"; flock 9; : > "$FOLDER/held"; sleep 1`);
    await expect.poll(() => existsSync(join(host.folder, 'held'))).toBe(true);
    lockSeconds = 0;
    await expect(ensureUnit(host, command())).rejects.toMatchObject({
      type: 'CommandFailed',
      details: {
        evidence: [
          'another command of Quorate has held /run/quorate.lock for 30 s'.replace(
            '/run/quorate.lock',
            `${host.folder}/lock`,
          ),
        ],
      },
    });
    lockSeconds = 10;
    expect((await ensureUnit(host, command())).outcome).toBe('started');
    expect((await holder).end).toEqual({ kind: 'exited', code: 0 });
    await eventuallyStarted(1);
  });
});

describe('the units of an operation', () => {
  test('are found by their description, of whichever run, ended or not; those of others are not', async () => {
    const two = { ...one, run: 'run-2' };
    const other = { ...one, operation: 'prod/join-worker/w1/k12' };
    expect(await unitsOf(host, one.operation)).toEqual([]);
    for (const own of [one, two, other]) {
      const { claim: _, ...free } = command(own, { argv: ['true'] });
      await ensureUnit(host, free);
      await expect.poll(async () => (await readUnit(host, free.unit)).state).toBe('succeeded');
    }
    const expected = [one, two].map((own) => command(own).unit).toSorted();
    expect((await unitsOf(host, one.operation)).toSorted()).toEqual(expected);
    expect(await unitsOf(host, other.operation)).toEqual([command(other).unit]);
    expect(await unitsOf(host, 'prod/join-worker/w1/k')).toEqual([]);
  });

  test('that systemd does not tell of are an error', async () => {
    host.program('systemctl', 'echo "Failed to connect to bus" >&2; exit 1');
    await expect(unitsOf(host, one.operation)).rejects.toMatchObject({ type: 'CommandFailed' });
  });
});
