import { describe, expect, it } from 'vitest';
import { decideAndWait } from '../support/product.js';
import {
  build,
  changeBefore,
  changes,
  cleans,
  deepCleans,
  halfJoined,
  isOver,
  isReset,
  leaveWorker,
  run,
  startsReset,
  watchProcesses,
} from './support.js';

describe.each(Object.entries(changes))('before a script %s:', (_what, change) => {
  it('kubeadm reset is not begun', async () => {
    const cluster = await build({});
    await leaveWorker(cluster);
    const resets = watchProcesses(cluster, 'w1', isReset);
    const changed = changeBefore(cluster, 'w1', startsReset, () => change(cluster, 'w1'));
    const outcome = await run(cluster, 'join-worker', 'w1');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(resets).toEqual([]);
    expect(cluster.seen.violations).toEqual([]);
  });

  it('nothing is cleaned', async () => {
    const cluster = await build({});
    await leaveWorker(cluster);
    const deleted = watchProcesses(cluster, 'w1', cleans);
    const changed = changeBefore(cluster, 'w1', deepCleans, () => change(cluster, 'w1'));
    const outcome = await run(cluster, 'join-worker', 'w1');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(deleted).toEqual([]);
    expect(cluster.seen.violations).toEqual([]);
  });

  it('an undo resets and cleans nothing', async () => {
    const cluster = await build({});
    const outcome = await halfJoined(cluster);
    const destroyed = watchProcesses(cluster, 'w1', (process) => isReset(process) || cleans(process));
    const changed = changeBefore(cluster, 'w1', startsReset, () => change(cluster, 'w1'));
    const undone = await decideAndWait(outcome, 'rollback');
    expect(changed.times, isOver(undone)).toBeGreaterThan(0);
    expect(destroyed).toEqual([]);
    expect(cluster.seen.violations).toEqual([]);
  });
});
