import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { backend, startSetting, type Setting } from './haproxy-setting.js';
import { needs } from '../../support/needs.js';
import { haproxy, leave, openWatch, type Watch } from './real-haproxy.js';

/** Watches at cp1, cp2 and cp3, in this order. */
const watchAll = async ({ port }: Setting): Promise<readonly Watch[]> => {
  const watches = new Map<string, Watch>();
  while (watches.size < 3) {
    const watch = await openWatch(port);
    if (watches.has(watch.servedBy)) watch.close();
    else watches.set(watch.servedBy, watch);
  }
  return [...watches.values()].toSorted((a, b) => (a.servedBy < b.servedBy ? -1 : 1));
};

const areOpen = (watches: readonly Watch[]): readonly boolean[] => watches.map(({ isOpen }) => isOpen);

const reloadByHand = ({ host }: Setting): Promise<void> => host.reload();

/** The new worker may answer before its master has bound the socket anew: gone is what stays gone. */
const removeMasterSocket = async ({ host }: Setting): Promise<void> => {
  const file = join(host.folder, 'master.sock');
  for (let quiet = 0; quiet < 10; quiet = existsSync(file) ? 0 : quiet + 1) {
    rmSync(file, { force: true });
    await sleep(50);
  }
};

describe('connections that a reload left with an older process', needs(haproxy), () => {
  it('R25: disable ends those to the server, in every older process, and no other', async () => {
    const setting = await startSetting(31);
    const first = await watchAll(setting);
    await reloadByHand(setting);
    await setting.balancer.waitUntilUp('cp1', { timeoutMs: 5000 });
    await setting.balancer.waitUntilUp('cp2', { timeoutMs: 5000 });
    await setting.balancer.waitUntilUp('cp3', { timeoutMs: 5000 });
    const second = await watchAll(setting);
    await reloadByHand(setting);
    expect([...areOpen(first), ...areOpen(second)]).toEqual([true, true, true, true, true, true]);
    const note = await setting.balancer.disable('cp2');
    await sleep(100);
    expect([...areOpen(first), ...areOpen(second)]).toEqual([true, false, true, true, false, true]);
    expect(note).toBe('disabled cp2 on lb1; ended 2 connections to cp2 that older processes of HAProxy on lb1 held');
    expect(await setting.balancer.disable('cp2')).toBe('cp2 is already disabled on lb1');
    for (const watch of [...first, ...second]) watch.close();
  });

  it('R25: remove ends those to the server, though its own reload makes another older process', async () => {
    const setting = await startSetting(32);
    const first = await watchAll(setting);
    await reloadByHand(setting);
    for (const name of ['cp1', 'cp2', 'cp3']) await setting.balancer.waitUntilUp(name, { timeoutMs: 5000 });
    const second = await watchAll(setting);
    const note = await setting.balancer.remove('cp1');
    await sleep(100);
    expect([...areOpen(first), ...areOpen(second)]).toEqual([false, true, true, false, true, true]);
    expect(note).toBe('removed cp1 on lb1; ended 1 connection to cp1 that older processes of HAProxy on lb1 held');
    for (const watch of [...first, ...second]) watch.close();
  });

  it('R25: a server that is registered no more, or in maintenance, is looked for in older processes as well', async () => {
    const setting = await startSetting(33);
    const watches = await watchAll(setting);
    await reloadByHand(setting);
    setting.host.ask(`set server ${backend}/cp1 state maint`);
    expect(await setting.balancer.disable('cp1')).toMatch(/^disabled cp1 on lb1; ended 1 connection to cp1 /);
    // as an operator takes one out by hand
    const text = readFileSync(setting.host.file, 'utf8').replace(/^ *server cp2 .*\n/m, '');
    leave(setting.host, text);
    await setting.host.run('systemctl reload-or-restart haproxy');
    await sleep(500);
    expect((await setting.balancer.describe()).map(({ name }) => name)).toEqual(['cp1', 'cp3']);
    expect(await setting.balancer.remove('cp2')).toMatch(/^removed cp2 on lb1; ended 1 connection to cp2 /);
    await sleep(100);
    expect(areOpen(watches)).toEqual([false, false, true]);
    for (const watch of watches) watch.close();
  });

  it('R25: without a socket of the master the note says which processes may hold some, and nothing is cut', async () => {
    const setting = await startSetting(34);
    const watches = await watchAll(setting);
    const older = /^Pid: (\d+)$/m.exec(setting.host.ask('show info'))?.[1] ?? '';
    await reloadByHand(setting);
    await removeMasterSocket(setting);
    expect(await setting.balancer.disable('cp1')).toBe(
      `disabled cp1 on lb1; older processes of HAProxy on lb1 (pid ${older}) may hold connections to cp1, for 30 minutes at most: /run/haproxy-master.sock does not answer`,
    );
    expect(await setting.balancer.disable('cp1')).toBe('cp1 is already disabled on lb1');
    expect(await setting.balancer.register({ name: 'cp4', address: '127.0.34.4' }, 'disabled')).toMatch(/, on lb1$/);
    expect(areOpen(watches)).toEqual([true, true, true]);
    for (const watch of watches) watch.close();
  });
});
