import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensureUnit } from '../../../adapters/systemd/ensure-unit.js';
import { followUnit } from '../../../adapters/systemd/follow-unit.js';
import { readUnit } from '../../../adapters/systemd/read-unit.js';
import { parseRunningUnits, readRunningUnits } from '../../../adapters/systemd/running-units.js';
import { forgetUnit, stopUnit } from '../../../adapters/systemd/stop-unit.js';
import { unitName } from '../../../adapters/systemd/unit-name.js';
import { fakeHost, markOf } from '../../support/fake-host.js';
import { installFakeSystemd } from '../../support/fake-systemd.js';
import { setClock, shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

const of = { operation: 'prod/join-worker/w1/1', run: 'run-1', step: 'join', host: 'w1', round: 0 };
const unit = unitName(of);
let host: ShellHost;
beforeEach(() => {
  host = shellHost({ rewrite: (script, folder) => script.replaceAll('/var/log/quorate', `${folder}/log`) });
  installFakeSystemd(host);
});
afterEach(() => host.close());

const log = (): string => join(host.folder, 'log', unit.replace('.service', '.log'));
const follow = async (offset = 0, timeoutMs = 20_000) => {
  let output = '';
  const offsets: number[] = [];
  const reading = await followUnit(host, unit, {
    offset,
    timeoutMs,
    onOutput: (text, newOffset) => {
      output += text;
      offsets.push(newOffset);
    },
  });
  return { reading, output, offsets };
};

test('the name is stable over attempts and differs by operation, run, step, host and round', () => {
  expect(unitName(of)).toMatch(/^quorate-join-[0-9a-f]{12}\.service$/);
  const others = [
    { ...of, operation: 'x' },
    { ...of, run: 'run-2' },
    { ...of, step: 'reset' },
    { ...of, host: 'w2' },
    { ...of, round: 1 },
  ];
  expect(new Set([of, ...others].map(unitName)).size).toBe(6);
  expect(unitName({ ...of })).toBe(unitName(of));
  expect(() => unitName({ ...of, step: 'a b' })).toThrow(TypeError);
});

test('R19: every name that unitName makes for a step of a command is taken for one, others are not', () => {
  const steps = ['init', 'join', 'reset', 'reset-lazily', 'undo-reset', 'undo-reset-lazily'];
  const line = (step: string): string => `running-unit ${unitName({ ...of, step })}`;
  expect(parseRunningUnits(steps.map(line).join('\n'))).toHaveLength(steps.length);
  expect(parseRunningUnits(`running-unit quorate-worker.service\n${line('worker')}\n${line('undo')}`)).toEqual([]);
});

test('two attempts start one command; the second attaches to it and learns its result', async () => {
  host.program('work', `echo started >> "$FOLDER/starts"; echo hello; exec sleep 0.3`);
  const [one, two] = await Promise.all([
    ensureUnit(host, { unit, argv: ['work'] }),
    ensureUnit(host, { unit, argv: ['work'] }),
  ]);
  expect([one.outcome, two.outcome].toSorted()).toEqual(['already-there', 'started']);
  expect(one.bootId).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const { reading, output } = await follow();
  expect(reading).toMatchObject({ state: 'succeeded', exitStatus: 0, logSize: 6 });
  expect(output).toBe('hello\n');
  expect((await ensureUnit(host, { unit, argv: ['work'] })).state).toBe('succeeded');
  expect(readFileSync(join(host.folder, 'starts'), 'utf8')).toBe('started\n');
  expect(statSync(log()).mode & 0o777).toBe(0o600);
  expect(statSync(join(host.folder, 'log')).mode & 0o777).toBe(0o700);
});

test('beside the running command of another operation nothing is started', async () => {
  const other = unitName({ ...of, operation: 'prod/join-worker/w1/0' });
  host.program('work', `echo "$1" >> "$FOLDER/starts"; [ "$1" = short ] || exec sleep 20`);
  await ensureUnit(host, { unit: other, argv: ['work', 'long'] });
  await vi.waitFor(async () => expect(await readRunningUnits(host)).toEqual([other]));
  const refused = ensureUnit(host, { unit, argv: ['work', 'short'] });
  await expect(refused).rejects.toMatchObject({
    type: 'HostNotClean',
    message: `${other}, a command of another operation, still runs on ${host.name}`,
    details: { remedy: expect.stringContaining(`systemctl stop ${other}`) as string },
  });
  expect((await ensureUnit(host, { unit: other, argv: ['work', 'long'] })).outcome).toBe('already-there');
  await stopUnit(host, other);
  expect(await readRunningUnits(host)).toEqual([]);
  expect((await ensureUnit(host, { unit, argv: ['work', 'short'] })).outcome).toBe('started');
  expect((await follow()).reading.state).toBe('succeeded');
  // One that has ended stays loaded, and is in nobody's way.
  expect(await readRunningUnits(host)).toEqual([]);
  expect(readFileSync(join(host.folder, 'starts'), 'utf8')).toBe('long\nshort\n');
});

test('output arrives while the command runs, and the end is seen at once', async () => {
  host.program('work', `for n in 1 2 3; do echo "line $n"; sleep 0.2; done; date +%s%N > "$FOLDER/ended"; exit 3`);
  await ensureUnit(host, { unit, argv: ['work'] });
  const pieces: string[] = [];
  const reading = await followUnit(host, unit, { offset: 0, onOutput: (text) => pieces.push(text) });
  const late = Date.now() - Number(readFileSync(join(host.folder, 'ended'), 'utf8')) / 1e6;
  expect(reading).toMatchObject({ state: 'failed', exitStatus: 3 });
  expect(pieces.join('')).toBe('line 1\nline 2\nline 3\n');
  expect(pieces.length).toBeGreaterThan(2);
  expect(pieces[0]).toMatch(/\n$/); // a line is known to be whole before the next one comes
  expect(late).toBeLessThan(1000); // 0.1 to 0.2 s on an idle machine
});

test('following goes on from an offset, also when the unit has ended before', async () => {
  host.program('work', `printf 'sch\\303\\266n\\nsecond\\nno newline'`);
  await ensureUnit(host, { unit, argv: ['work'] });
  const first = await follow();
  expect(first.output).toBe('schön\nsecond\nno newline');
  expect(first.offsets.at(-1)).toBe(first.reading.logSize);
  const again = await follow(7);
  expect(again.output).toBe('second\nno newline');
  expect(again.offsets.at(-1)).toBe(again.reading.logSize);
  expect((await follow(again.reading.logSize)).output).toBe('');
});

test('a log that looks like the end of the following does not end it', async () => {
  host.program(
    'work',
    `printf '\\nquorate-000000000000000000000000 \\nActiveState=failed\\n'; sleep 0.2; echo real end`,
  );
  await ensureUnit(host, { unit, argv: ['work'] });
  const { reading, output } = await follow();
  expect(output).toContain('ActiveState=failed\nreal end\n');
  expect(reading.state).toBe('succeeded');
});

test('what another process of the unit writes after the main one ended is reported as well', async () => {
  const ended = 'LoadState=loaded\nActiveState=active\nSubState=exited\nExecMainCode=1\nExecMainStatus=0\nLogSize=10\n';
  const late = fakeHost('w1', [
    [/--pid=/, ({ script }) => `main\n${markOf(script)} \n${ended}`],
    [/^tail -c \+6 .* \| head -c 5$/, 'late\n'],
  ]);
  const pieces: [string, number][] = [];
  await followUnit(late, unit, { offset: 0, onOutput: (text, offset) => pieces.push([text, offset]) });
  expect(pieces).toEqual([
    ['main\n', 5],
    ['late\n', 10],
  ]);
});

test('a deadline ends the following, not the unit', async () => {
  host.program('work', `exec sleep 5`);
  await ensureUnit(host, { unit, argv: ['work'] });
  const { reading } = await follow(0, 1000);
  expect(reading.state).toBe('running');
  expect((await readUnit(host, unit)).state).toBe('running');
});

test.each([86_400, -86_400])(
  'R25: a clock that is set by %i s neither ends the following nor makes it longer',
  async (seconds) => {
    setClock(host, seconds);
    host.program('work', 'sleep 0.5; echo done');
    await ensureUnit(host, { unit, argv: ['work'] });
    expect(await follow()).toMatchObject({ reading: { state: 'succeeded' }, output: 'done\n' });
    await forgetUnit(host, unit);

    // A unit without a main process is asked for again and again.
    host.program(
      'systemctl',
      'case $1 in show) printf "MainPID=0\\nLoadState=loaded\\nActiveState=activating\\nSubState=start\\n" ;; esac',
    );
    rmSync(join(host.folder, 'clock-was-read'), { force: true });
    const before = performance.now();
    expect((await follow(0, 2_000)).reading.state).toBe('running');
    expect(performance.now() - before).toBeGreaterThan(900);
    expect(performance.now() - before).toBeLessThan(10_000);
  },
);

test('an aborted follower throws the reason and leaves the unit running', async () => {
  host.program('work', `exec sleep 5`);
  await ensureUnit(host, { unit, argv: ['work'] });
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('worker shuts down')), 200);
  await expect(followUnit(host, unit, { offset: 0, onOutput: () => {}, signal: controller.signal })).rejects.toThrow(
    'worker shuts down',
  );
  expect((await readUnit(host, unit)).state).toBe('running');
});

test('a lost channel is Unreachable', async () => {
  const gone = fakeHost('w1', [[/tail -c/, { end: { kind: 'lost', cause: 'ECONNRESET' } }]]);
  await expect(followUnit(gone, unit, { offset: 0, onOutput: () => {} })).rejects.toMatchObject({
    type: 'Unreachable',
  });
});

test('stopping ends the command; a unit that is not there is fine; forgetting frees the name', async () => {
  expect((await stopUnit(host, unit)).state).toBe('absent');
  host.program('work', `exec sleep 30`);
  await ensureUnit(host, { unit, argv: ['work'] });
  await expect.poll(async () => (await readUnit(host, unit)).invocationId).not.toBe('');
  expect((await stopUnit(host, unit)).state).toBe('absent');
  host.program('fail', `exit 1`);
  await ensureUnit(host, { unit, argv: ['fail'] });
  await expect.poll(async () => (await readUnit(host, unit)).state).toBe('failed');
  expect((await stopUnit(host, unit)).state).toBe('failed');
  expect((await forgetUnit(host, unit)).state).toBe('absent');
  expect((await ensureUnit(host, { unit, argv: ['fail'] })).outcome).toBe('started');
});

test('a unit that does not end is an error', async () => {
  host.program('work', `exec sleep 5`);
  await ensureUnit(host, { unit, argv: ['work'] });
  writeFileSync(join(host.folder, 'units', unit, 'stubborn'), '');
  await expect(stopUnit(host, unit)).rejects.toMatchObject({ type: 'CommandFailed' });
});

test('a program that is not installed, and a dollar sign, are refused', async () => {
  await expect(ensureUnit(host, { unit, argv: ['no-such-program'] })).rejects.toMatchObject({
    type: 'HostUnsuitable',
    message: 'no-such-program is not installed on host1',
  });
  await expect(ensureUnit(host, { unit, argv: ['echo', '$HOME'] })).rejects.toThrow(TypeError);
  expect((await readUnit(host, unit)).state).toBe('absent');
});

test('the second run of a name in the same log begins where the first ended', async () => {
  host.program('work', `echo once`);
  expect((await ensureUnit(host, { unit, argv: ['work'] })).logStart).toBe(0);
  await follow();
  await forgetUnit(host, unit);
  const second = await ensureUnit(host, { unit, argv: ['work'] });
  expect(second).toMatchObject({ outcome: 'started', logStart: 5 });
  expect((await follow(second.logStart)).output).toBe('once\n');
});
