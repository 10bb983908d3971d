import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CancelledFailure } from '@temporalio/common';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runUnit } from '../../../activities/shared/run-unit.js';
import type { UnitRun } from '../../../activities/shared/run-unit.js';
import { readUnit } from '../../../adapters/systemd/read-unit.js';
import { activityEnvironment } from '../../support/activity-environment.js';
import type { ActivityEnvironment } from '../../support/activity-environment.js';
import { cuttableHost } from '../../support/cuttable-host.js';
import type { CuttableHost } from '../../support/cuttable-host.js';
import { installFakeSystemd } from '../../support/fake-systemd.js';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

const unit = 'quorate-join-0123456789ab.service';
const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

// The scripts really run; systemd is a model of it, and the connection can be lost.
let machine: ShellHost;
let host: CuttableHost;
beforeEach(() => {
  machine = shellHost({
    name: 'cp3',
    rewrite: (script, folder) => script.replaceAll('/var/log/quorate', `${folder}/log`),
  });
  installFakeSystemd(machine);
  host = cuttableHost(machine);
});
afterEach(() => machine.close());

const file = (name: string): string => join(machine.folder, name);
const starts = (): number =>
  existsSync(file('starts')) ? readFileSync(file('starts'), 'utf8').trim().split('\n').length : 0;
/** The command of the unit: says that it was started, then does what `body` says. */
const program = (body: string): void => machine.program('work', `echo x >> "$FOLDER/starts"\n${body}`);
const touch = (name: string): Promise<unknown> => machine.run(`: > "$FOLDER/${name}"`);
const until = (name: string): string => `while [ -d "$FOLDER" ] && [ ! -e "$FOLDER/${name}" ]; do sleep 0.02; done`;
const state = async (): Promise<string> => (await readUnit(machine, unit)).state;

const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 10_000, interval: 20 });

/** Runs the unit in an attempt of its own. */
const attempt = (
  options: { environment?: ActivityEnvironment; reconnectMs?: number } = {},
): { run: Promise<UnitRun>; lines: string[]; environment: ActivityEnvironment } => {
  const { environment = activityEnvironment(), reconnectMs = 10_000 } = options;
  const lines: string[] = [];
  const run = environment.run(() =>
    runUnit(host, { unit, argv: ['work'] }, { reconnectMs, onLines: (more) => lines.push(...more) }),
  );
  run.catch(() => {}); // the test looks at it later
  return { run, lines, environment };
};

const reattached = (offset: number): ActivityEnvironment =>
  activityEnvironment({ attempt: 2, heartbeatDetails: { unit, bootId, offset, lastLine: 'whatever' } });

test('R3: a command that sight was lost of is only followed, never begun, when it must exist', async () => {
  program('exit 0');
  const run = activityEnvironment().run(() =>
    runUnit(host, { unit, argv: ['work'] }, { reconnectMs: 0, mustExist: true }),
  );
  await expect(run).rejects.toMatchObject({
    type: 'ChangedSinceCheck',
    message: `${unit} had not been begun on cp3 when sight of it was lost`,
  });
  expect(starts()).toBe(0);
  await attempt().run;
  const again = activityEnvironment().run(() =>
    runUnit(host, { unit, argv: ['work'] }, { reconnectMs: 0, mustExist: true }),
  );
  expect(await again).toMatchObject({ state: 'succeeded' });
  expect(starts()).toBe(1);
});

describe('a unit from its start to its end', () => {
  test('is started once, its output comes as whole lines, and its end is told', async () => {
    program(`printf 'one\\ntw'; sleep 0.3; printf 'o\\n\\nthree\\n'; exit 7`);
    const { run, lines } = attempt();
    expect(await run).toEqual({
      state: 'failed',
      exitStatus: 7,
      log: 'one\ntwo\n\nthree\n',
      logFile: '/var/log/quorate/quorate-join-0123456789ab.log',
    });
    expect(lines).toEqual(['one', 'two', 'three']);
    expect(starts()).toBe(1);
  });

  test('is followed by heartbeats that tell the next attempt where to go on', async () => {
    program(`echo first; sleep 0.3; echo ${'x'.repeat(400)}; sleep 0.3`);
    const { run, environment } = attempt();
    expect(await run).toMatchObject({ state: 'succeeded', exitStatus: 0 });
    expect(environment.beats[0]).toEqual({ unit, bootId, offset: 0 });
    expect(environment.beats).toContainEqual({ unit, bootId, offset: 6, lastLine: 'first' });
    expect(environment.beats.at(-1)).toEqual({ unit, bootId, offset: 407, lastLine: 'x'.repeat(300) });
  });

  test.each([
    ['a signal that systemd calls a clean end', 'kill -TERM $$', 'killed'],
    ['SIGKILL, as when memory ran out', 'kill -KILL $$', 'killed'],
  ])('is killed when ended by %s', async (_, body, expected) => {
    program(body);
    const run = await attempt().run;
    expect(run.state).toBe(expected);
    expect(run.exitStatus).toBeUndefined();
  });

  test('keeps the end of a long log', async () => {
    program(`head -c 100000 /dev/zero | tr '\\0' 'a'; echo; echo the end`);
    const { log } = await attempt().run;
    expect(log).toHaveLength(64 * 1024);
    expect(log.endsWith('a\nthe end\n')).toBe(true);
  });
});

describe('a later attempt', () => {
  test('re-attaches to a running unit from the offset of the heartbeat', async () => {
    program(`echo one; ${until('go')}; echo two; exit 3`);
    const first = attempt();
    await eventually(() => first.lines).toEqual(['one']);
    first.environment.cancel('WORKER_SHUTDOWN');
    await expect(first.run).rejects.toThrow(CancelledFailure);

    const second = attempt({ environment: reattached(4) });
    await touch('go');
    expect(await second.run).toMatchObject({ state: 'failed', exitStatus: 3, log: 'one\ntwo\n' });
    expect(second.lines).toEqual(['two']);
    expect(second.environment.beats[0]).toEqual({ unit, bootId, offset: 4 });
    expect(starts()).toBe(1);
  });

  test('finds a running unit without a heartbeat: the worker died before it could send one', async () => {
    program(`echo one; ${until('go')}`);
    const first = attempt();
    await eventually(() => first.lines).toEqual(['one']);
    first.environment.cancel('WORKER_SHUTDOWN');
    await expect(first.run).rejects.toThrow(CancelledFailure);

    const second = attempt();
    await touch('go');
    expect(await second.run).toMatchObject({ state: 'succeeded' });
    expect(second.lines).toEqual(['one']);
    expect(starts()).toBe(1);
  });

  test('tells the true exit status of a unit that ended meanwhile', async () => {
    program(`echo one; ${until('go')}; echo two; exit 42`);
    const first = attempt();
    await eventually(() => first.lines).toEqual(['one']);
    first.environment.cancel('WORKER_SHUTDOWN');
    await expect(first.run).rejects.toThrow(CancelledFailure);
    await touch('go');
    await eventually(state).toBe('failed');

    const second = attempt({ environment: reattached(4) });
    expect(await second.run).toMatchObject({ state: 'failed', exitStatus: 42 });
    expect(second.lines).toEqual(['two']);
    expect(starts()).toBe(1);
  });

  test('takes the heartbeat of another unit for none: the offset is not its own', async () => {
    program('echo one');
    const environment = activityEnvironment({
      heartbeatDetails: { unit: 'quorate-reset-ffffffffffff.service', bootId, offset: 3 },
    });
    const { run, lines } = attempt({ environment });
    expect(await run).toMatchObject({ state: 'succeeded' });
    expect(lines).toEqual(['one']);
  });
});

describe('a unit that was started once and is gone', () => {
  test('is interrupted and not started again: its log outlived the restart of the host', async () => {
    program(`echo half a join; ${until('go')}`);
    const first = attempt();
    await eventually(() => first.lines).toEqual(['half a join']);
    first.environment.cancel('WORKER_SHUTDOWN');
    await expect(first.run).rejects.toThrow(CancelledFailure);
    rmSync(file('units'), { recursive: true });

    const run = await attempt().run;
    expect(run).toMatchObject({ state: 'interrupted', log: 'half a join\n' });
    expect(run.exitStatus).toBeUndefined();
    expect(starts()).toBe(1);
  });

  test('is interrupted although it had printed nothing: the heartbeat knows', async () => {
    program('echo never');
    expect(await attempt({ environment: reattached(0) }).run).toMatchObject({ state: 'interrupted', log: '' });
    expect(starts()).toBe(0);
  });

  test('is interrupted when it goes while it is followed', async () => {
    program(`echo one; ${until('go')}`);
    const { run, lines } = attempt();
    await eventually(() => lines).toEqual(['one']);
    await machine.run(`systemctl stop ${unit}`);
    expect(await run).toMatchObject({ state: 'interrupted', log: 'one\n' });
    expect(starts()).toBe(1);
  });
});

describe('a lost connection', () => {
  test('is opened again and followed from the last byte: nothing lost, nothing doubled', async () => {
    program(`for n in $(seq 1 40); do printf "line $n, "; sleep 0.05; printf 'end\\n'; done; exit 5`);
    const { run, lines, environment } = attempt();
    await eventually(() => lines.length).toBeGreaterThan(3);
    host.cut();
    await eventually(() => lines.length).toBeGreaterThan(20);
    host.cut();
    expect(await run).toMatchObject({ state: 'failed', exitStatus: 5 });
    expect(lines).toEqual(Array.from({ length: 40 }, (_, n) => `line ${n + 1}, end`));
    expect(environment.beats.at(-1)).toMatchObject({
      offset: readFileSync(file(`log/${unit.slice(0, -8)}.log`)).length,
    });
    expect(starts()).toBe(1);
  });

  test('is tried again until the host can be reached', async () => {
    program(`echo one; ${until('go')}; echo two`);
    const { run, lines } = attempt();
    await eventually(() => lines).toEqual(['one']);
    host.reachable = false;
    host.cut();
    await touch('go');
    await eventually(() => host.refused).toBeGreaterThan(0);
    host.reachable = true;
    expect(await run).toMatchObject({ state: 'succeeded' });
    expect(lines).toEqual(['one', 'two']);
  });

  test('that does not come back in time is Unreachable, and the unit runs on', async () => {
    program(`echo one; ${until('go')}; exit 9`);
    const first = attempt({ reconnectMs: 500 });
    await eventually(() => first.lines).toEqual(['one']);
    host.reachable = false;
    host.cut();
    await expect(first.run).rejects.toMatchObject({ name: 'QuorateError', type: 'Unreachable' });
    expect(await state()).toBe('running');

    host.reachable = true;
    const second = attempt({ environment: reattached(4) });
    await touch('go');
    expect(await second.run).toMatchObject({ state: 'failed', exitStatus: 9 });
    expect(starts()).toBe(1);
  });

  test('that an attempt after a restart of the worker finds is waited for as well', async () => {
    program(`echo one; ${until('go')}; echo two`);
    const first = attempt();
    await eventually(() => first.lines).toEqual(['one']);
    first.environment.cancel('WORKER_SHUTDOWN');
    await expect(first.run).rejects.toThrow(CancelledFailure);

    host.reachable = false;
    const second = attempt({ environment: reattached(4) });
    await eventually(() => host.refused).toBeGreaterThan(0);
    await touch('go');
    host.reachable = true;
    expect(await second.run).toMatchObject({ state: 'succeeded' });
    expect(second.lines).toEqual(['two']);
    expect(starts()).toBe(1);
  });

  test('before anything was started is for Temporal to retry, where an operator sees it', async () => {
    program('echo never');
    host.reachable = false;
    await expect(attempt({ reconnectMs: 60_000 }).run).rejects.toMatchObject({ type: 'Unreachable' });
    expect(host.refused).toBe(1);
    expect(starts()).toBe(0);
  });

  test('has its time anew each time, also while the command prints nothing', async () => {
    program(`echo one; ${until('go')}`);
    const { run, lines } = attempt({ reconnectMs: 1_500 });
    await eventually(() => lines).toEqual(['one']);
    host.cut();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    host.cut();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await touch('go');
    expect(await run).toMatchObject({ state: 'succeeded' });
  });
});

describe('a cancel', () => {
  test('that was requested stops the unit', async () => {
    program(`echo one; ${until('go')}`);
    const { run, lines, environment } = attempt();
    await eventually(() => lines).toEqual(['one']);
    environment.cancel('CANCELLED');
    await expect(run).rejects.toThrow(CancelledFailure);
    expect(await state()).toBe('absent');
  });

  test.each(['WORKER_SHUTDOWN', 'TIMED_OUT', 'PAUSED', 'NOT_FOUND'] as const)(
    'by %s leaves the unit running',
    async (reason) => {
      program(`echo one; ${until('go')}`);
      const { run, lines, environment } = attempt();
      await eventually(() => lines).toEqual(['one']);
      environment.cancel(reason);
      await expect(run).rejects.toThrow(/left quorate-join-0123456789ab.service running/);
      expect(await state()).toBe('running');
      await touch('go');
    },
  );

  test('that is requested while the connection is lost stops the unit once the host is reached', async () => {
    program(`echo one; ${until('go')}`);
    const { run, lines, environment } = attempt({ reconnectMs: 60_000 });
    await eventually(() => lines).toEqual(['one']);
    host.cut();
    environment.cancel('CANCELLED');
    await expect(run).rejects.toThrow(CancelledFailure);
    expect(await state()).toBe('absent');
  });
});
