import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulation } from '../../lab/simulation/index.js';
import type { Simulation } from '../../lab/simulation/index.js';
import { makeTopology } from '../../lab/topology.js';
import { createHosts } from '../../adapters/ssh/hosts.js';
import type { Host, Hosts } from '../../adapters/ssh/types.js';
import { ensureUnit } from '../../adapters/systemd/ensure-unit.js';
import { followUnit } from '../../adapters/systemd/follow-unit.js';
import { readUnit } from '../../adapters/systemd/read-unit.js';
import { readRunningUnits } from '../../adapters/systemd/running-units.js';
import { forgetUnit, stopUnit } from '../../adapters/systemd/stop-unit.js';
import { unitName } from '../../adapters/systemd/unit-name.js';

let simulation: Simulation;
let hosts: Hosts;
let host: Host;
beforeAll(async () => {
  simulation = await startSimulation({
    hosts: makeTopology({ controlPlanes: 1, workers: 0, loadBalancers: 0 }),
    timeScale: 0.01,
  });
  hosts = createHosts({ configFile: simulation.sshConfigFile });
  host = hosts.host('cp1');
});
afterAll(async () => {
  expect(simulation.world.defects).toEqual([]);
  await hosts.close();
  await simulation.down();
});

let number = 0;
const newUnit = (): string =>
  unitName({ operation: 'try', run: 'run', step: 'join', host: 'cp1', round: (number += 1) });
const shell = (script: string): string[] => ['sh', '-c', script];

describe('a transient unit, as the product uses it', () => {
  it('is followed to its end, line by line', async () => {
    const unit = newUnit();
    const started = await ensureUnit(host, {
      unit,
      argv: shell('echo one; sleep 0.3; echo two >&2; sleep 0.3; echo three; exit 3'),
    });
    expect(started).toMatchObject({ outcome: 'started', state: 'running', logStart: 0 });
    const pieces: [string, number][] = [];
    const at: number[] = [];
    const reading = await followUnit(host, unit, {
      offset: 0,
      onOutput: (text, offset) => {
        pieces.push([text, offset]);
        at.push(Date.now());
      },
    });
    expect(reading).toMatchObject({ state: 'failed', exitStatus: 3, logSize: 14 });
    expect(pieces.map(([text]) => text).join('')).toBe('one\ntwo\nthree\n');
    expect(pieces.at(-1)?.[1]).toBe(14);
    // As it came, not all at the end.
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThan(400);
  });

  it('is found again by who comes later, and by nobody started twice', async () => {
    const unit = newUnit();
    const command = { unit, argv: shell('sleep 0.4; echo done') };
    const first = await ensureUnit(host, command);
    const second = await ensureUnit(host, command);
    expect(second).toMatchObject({ outcome: 'already-there', invocationId: first.invocationId });
    let text = '';
    expect(await followUnit(host, unit, { offset: 0, onOutput: (piece) => (text += piece) })).toMatchObject({
      state: 'succeeded',
      exitStatus: 0,
    });
    expect(text).toBe('done\n');
    expect(await ensureUnit(host, command)).toMatchObject({ outcome: 'already-there', state: 'succeeded' });
    expect(await forgetUnit(host, unit)).toMatchObject({ state: 'absent' });
    expect(await ensureUnit(host, command)).toMatchObject({ outcome: 'started', logStart: 5 });
    await stopUnit(host, unit);
  });

  it('goes on when the connection is cut', async () => {
    const unit = newUnit();
    await ensureUnit(host, { unit, argv: shell('sleep 0.5; echo survived') });
    const other = createHosts({ configFile: simulation.sshConfigFile });
    const following = followUnit(other.host('cp1'), unit, { offset: 0, onOutput: () => undefined });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await Promise.all([other.close(), following.catch(() => undefined)]);
    let text = '';
    const reading = await followUnit(host, unit, { offset: 0, onOutput: (piece) => (text += piece) });
    expect(reading.state).toBe('succeeded');
    expect(text).toBe('survived\n');
  });

  it.each([86_400_000, -86_400_000])(
    'R25: is followed to its end, or to the deadline, when the clock is set by %i ms',
    async (ms) => {
      const { machine } = simulation.host('cp1');
      const [short, long] = [newUnit(), newUnit()];
      try {
        await ensureUnit(host, { unit: short, argv: shell('sleep 0.6; echo done') });
        let text = '';
        const following = followUnit(host, short, { offset: 0, onOutput: (piece) => (text += piece) });
        await new Promise((resolve) => setTimeout(resolve, 200));
        machine.clockOffsetMs += ms;
        expect(await following).toMatchObject({ state: 'succeeded' });
        expect(text).toBe('done\n');
        await forgetUnit(host, short);

        await ensureUnit(host, { unit: long, argv: ['sleep', '60'] });
        const waiting = followUnit(host, long, { offset: 0, onOutput: () => undefined, timeoutMs: 2_000 });
        await new Promise((resolve) => setTimeout(resolve, 200));
        machine.clockOffsetMs -= ms;
        expect(await waiting).toMatchObject({ state: 'running' });
      } finally {
        machine.clockOffsetMs = 0;
        await stopUnit(host, long);
      }
    },
  );

  it('is stopped with all its processes', async () => {
    const unit = newUnit();
    await ensureUnit(host, { unit, argv: shell('sleep 60 & sleep 60') });
    expect((await readUnit(host, unit)).state).toBe('running');
    expect((await stopUnit(host, unit)).state).toBe('absent');
    expect(simulation.host('cp1').machine.processes.inControlGroup(`/system.slice/${unit}`)).toEqual([]);
  });

  it('is killed by a signal, and times out', async () => {
    const killed = newUnit();
    await ensureUnit(host, { unit: killed, argv: ['sleep', '60'] });
    await host.run(`systemctl kill -s KILL ${killed}`);
    expect(await followUnit(host, killed, { offset: 0, onOutput: () => undefined })).toMatchObject({
      state: 'killed',
      signal: 9,
    });
    const slow = newUnit();
    await ensureUnit(host, { unit: slow, argv: ['sleep', '60'], runtimeMaxSec: 1 });
    expect(await followUnit(host, slow, { offset: 0, onOutput: () => undefined })).toMatchObject({
      state: 'timed-out',
    });
  });

  it('is killed by a pattern that its name matches, and others are not', async () => {
    const [first, second] = [newUnit(), newUnit().replace('quorate', 'quick')];
    await ensureUnit(host, { unit: first, argv: ['sleep', '60'] });
    await host.run(`systemd-run --unit=${second} sleep 60`);
    await host.run(`systemctl kill -s KILL 'q*-${first.slice('quorate-'.length).replace('.service', '*')}'`);
    expect(await followUnit(host, first, { offset: 0, onOutput: () => undefined })).toMatchObject({ state: 'killed' });
    expect(await readUnit(host, second)).toMatchObject({ state: 'running' });
    await stopUnit(host, second);
  });

  it('runs alone: beside another one nothing is started, and the running one is listed', async () => {
    const [first, second] = [newUnit(), newUnit()];
    await ensureUnit(host, { unit: first, argv: ['sleep', '60'] });
    expect(await readRunningUnits(host)).toEqual([first]);
    await expect(ensureUnit(host, { unit: second, argv: ['sleep', '60'] })).rejects.toMatchObject({
      type: 'HostNotClean',
      message: `${first}, a command of another operation, still runs on cp1`,
    });
    await stopUnit(host, first);
    expect(await readRunningUnits(host)).toEqual([]);
    const { stdout } = await host.run('systemctl list-units --plain --no-legend containerd.service');
    expect(stdout).toMatch(/^containerd\.service loaded active running \S/);
  });

  it('holds the mount that it works in', async () => {
    const console = (script: string) => simulation.host('cp1').console(script);
    await console('mkdir -p /mnt/held; mount -t tmpfs tmpfs /mnt/held');
    await console('systemd-run --unit=holder --working-directory=/mnt/held sleep 60');
    expect(await console('umount /mnt/held')).toMatchObject({
      code: 32,
      stderr: 'umount: /mnt/held: target is busy.\n',
    });
    expect((await console('grep -c /mnt/held /proc/mounts')).stdout).toBe('1\n');
    await console('systemctl stop holder');
    expect(await console('umount /mnt/held')).toMatchObject({ code: 0 });
  });

  it('says that a program is not installed', async () => {
    await expect(ensureUnit(host, { unit: newUnit(), argv: ['nosuchprogram'] })).rejects.toMatchObject({
      type: 'HostUnsuitable',
    });
  });

  it('is gone after the host restarted, which the boot id tells', async () => {
    const unit = newUnit();
    const started = await ensureUnit(host, { unit, argv: shell('sleep 60') });
    await host.run('touch /run/gone /var/stays');
    await simulation.host('cp1').power('reboot');
    const after = await readUnit(host, unit);
    expect(after.state).toBe('absent');
    expect(after.bootId).not.toBe(started.bootId);
    expect((await host.run('ls /run/gone /var/stays 2>/dev/null')).stdout).toBe('/var/stays\n');
  });
});
