import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { backend, loseThird, startSetting, statusOf, underTraffic, untilStatus } from './haproxy-setting.js';
import { needs } from '../../support/needs.js';
import { haproxy, leave } from './real-haproxy.js';

describe('states of servers', needs(haproxy), () => {
  it('R20: a reload for another server lets nothing reach one that is DOWN, and loses no connection', async () => {
    const setting = await startSetting(21);
    await loseThird(setting);
    const { lost, reached } = await underTraffic(setting, () =>
      setting.balancer.register({ name: 'cp4', address: '127.0.21.4' }, 'disabled'),
    );
    expect(setting.host.systemctl().at(-1)).toBe('reload-or-restart haproxy');
    expect({ lost, third: reached[2] }).toEqual({ lost: 0, third: 0 });
    expect(await statusOf(setting.balancer, 'cp3')).toMatch(/^DOWN/);
  });

  it('R20: a reload by somebody else, and a restart, let nothing reach a server that is not ready', async () => {
    const setting = await startSetting(22);
    await loseThird(setting);
    const reloaded = await underTraffic(setting, () => setting.host.reload());
    expect(reloaded.reached[2]).toBe(0);
    const restarted = await underTraffic(setting, () => setting.host.restart());
    expect(restarted.reached[2]).toBe(0);
    expect(reloaded.reached[0]).toBeGreaterThan(0);
    expect(restarted.reached[1]).toBeGreaterThan(0);
  });

  it('R20: a start after a time in which servers came and went goes by what is ready now', async () => {
    const setting = await startSetting(23);
    const [first, second, third] = setting.servers;
    await loseThird(setting);
    await setting.balancer.register({ name: 'cp4', address: '127.0.23.4' }, 'disabled');
    [first.ready, third.ready, third.readyzMs] = [false, true, 0];
    await untilStatus(setting.balancer, 'cp1', /^DOWN/);
    first.readyzMs = 700;
    const { reached } = await underTraffic(setting, () => setting.host.restart());
    expect(second.requests).toBeGreaterThan(0);
    expect(reached[0]).toBe(0);
    expect(reached[2]).toBeGreaterThan(0);
    expect(await statusOf(setting.balancer, 'cp1')).toMatch(/^DOWN/);
  });

  it('R20: a server that is added, moved or enabled gets nothing before a check of it has succeeded', async () => {
    const setting = await startSetting(24);
    const { balancer, servers } = setting;
    const [, , third] = servers;
    const other = await setting.serve('127.0.24.9');
    [other.ready, other.readyzMs] = [false, 700];
    const added = await underTraffic(setting, () =>
      balancer.register({ name: 'cp9', address: '127.0.24.9' }, 'enabled'),
    );
    expect({ lost: added.lost, added: other.requests }).toEqual({ lost: 0, added: 0 });
    await balancer.remove('cp9');
    const moved = await underTraffic(setting, () =>
      balancer.register({ name: 'cp3', address: '127.0.24.9' }, 'enabled'),
    );
    expect({ lost: moved.lost, moved: other.requests }).toEqual({ lost: 0, moved: 0 });
    await balancer.register({ name: 'cp3', address: '127.0.24.3' }, 'enabled');
    await balancer.disable('cp3');
    [third.ready, third.readyzMs] = [false, 700];
    const enabled = await underTraffic(setting, () => balancer.enable('cp3'));
    expect({ lost: enabled.lost, enabled: enabled.reached[2] }).toEqual({ lost: 0, enabled: 0 });
  });

  it('R20: the change that brings this to an installation of before hands over what runs there', async () => {
    const setting = await startSetting(29);
    const { host, balancer } = setting;
    const before = readFileSync(host.file, 'utf8')
      .replaceAll(/^ *(#.*|server-state-file .*|max-spread-checks .*|load-server-state-from-file .*)\n/gm, '')
      .replace(/description quorate .*/, 'description quorate 0123456789ab');
    leave(host, `# managed by quorate; changes by hand are lost\n${before}`);
    rmSync(host.stateFile, { force: true });
    await host.run('systemctl reload-or-restart haproxy');
    await untilStatus(balancer, 'cp2', /^UP$/);
    await loseThird(setting);
    const { lost, reached } = await underTraffic(setting, () =>
      balancer.register({ name: 'cp4', address: '127.0.29.4' }, 'disabled'),
    );
    expect(host.ask('show info')).not.toContain('0123456789ab');
    expect({ lost, third: reached[2] }).toEqual({ lost: 0, third: 0 });
  });

  it('a reload leaves what an operator ordered for other servers: a drain, a maintenance, a weight', async () => {
    const { host, balancer } = await startSetting(25);
    host.ask(`set server ${backend}/cp1 state drain`);
    host.ask(`set server ${backend}/cp2 state maint`);
    host.ask(`set server ${backend}/cp3 weight 0`);
    await balancer.register({ name: 'cp4', address: '127.0.25.4' }, 'disabled');
    await untilStatus(balancer, 'cp1', /^DRAIN$/); // and was checked
    const states = (await balancer.describe()).map(({ name, status }) => `${name} ${status}`);
    expect(states).toEqual(['cp1 DRAIN', 'cp2 MAINT', 'cp3 UP', 'cp4 MAINT']);
    expect(host.ask(`get weight ${backend}/cp3`)).toMatch(/^0 /);
    await balancer.enable('cp1');
    expect(await statusOf(balancer, 'cp1')).toBe('UP');
    await host.restart();
    expect(await statusOf(balancer, 'cp2')).toBe('MAINT');
  });

  it('UP is not said of a server without a check that succeeded since it left maintenance', async () => {
    const { host, balancer, servers } = await startSetting(26);
    host.ask(`set server ${backend}/cp3 state maint`);
    [servers[2].ready, servers[2].readyzMs] = [false, 700];
    await sleep(1100);
    host.ask(`set server ${backend}/cp3 state ready`); // HAProxy takes it for UP now
    expect(host.ask('show stat')).toMatch(/^kube-apiserver,cp3,.*,UP 1\/2,/m);
    expect(await statusOf(balancer, 'cp3')).toBe('not checked yet');
    await balancer.register({ name: 'cp4', address: '127.0.26.4' }, 'disabled');
    expect(await statusOf(balancer, 'cp3')).toBe('DOWN');
    host.ask(`set server ${backend}/cp3 state maint`);
    host.ask(`set server ${backend}/cp3 state ready`);
    await expect(balancer.waitUntilUp('cp3', { timeoutMs: 2000 })).rejects.toMatchObject({ type: 'BackendNotUp' });
  });

  it('a reload that is cut short leaves nothing that a later start would believe', async () => {
    const { host, balancer } = await startSetting(27);
    const atStart = readFileSync(host.stateFile, 'utf8');
    host.program('systemctl', `case "$1" in reload-or-restart) kill -KILL $PPID ;; is-active) echo active ;; esac`);
    await expect(balancer.register({ name: 'cp4', address: '127.0.27.4' }, 'disabled')).rejects.toThrow();
    expect(lstatSync(host.stateFile).isSymbolicLink()).toBe(true);
    host.restoreSystemctl();
    await balancer.register({ name: 'cp4', address: '127.0.27.4' }, 'disabled');
    expect(lstatSync(host.stateFile).isSymbolicLink()).toBe(false);
    expect(readFileSync(host.stateFile, 'utf8')).toContain(atStart);
    expect(existsSync(`${host.folder}/handed-over.state`)).toBe(false);
    await untilStatus(balancer, 'cp1', /^UP$/);
  });

  it('a state file that is gone or was changed is put right by the next change, without a reload', async () => {
    const { host, balancer } = await startSetting(28);
    const atStart = readFileSync(host.stateFile, 'utf8');
    const reloads = host.systemctl().length;
    await host.run(`echo 1 > ${host.stateFile}`);
    await balancer.disable('cp3');
    expect(readFileSync(host.stateFile, 'utf8')).toBe(atStart.replace(/^(1 \S+ 1 cp3 \S+ 0) 0/m, '$1 5'));
    expect(host.systemctl()).toHaveLength(reloads);
  });
});
