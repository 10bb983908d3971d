import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLab } from '../../lab/index.js';
import type { Lab } from '../../lab/index.js';
import { beginJoins, expectAllJoined, impatient, operationsOf, untilAll } from './support/outage.js';
import { startQuorate } from './support/quorate.js';
import type { Quorate } from './support/quorate.js';

let lab: Lab;
let quorate: Quorate;

beforeAll(async () => {
  lab = await startLab({
    name: 'cut-off',
    hosts: [
      { name: 'lb1', kind: 'load-balancer', addressSuffix: 10 },
      ...[1, 2, 3].map((i) => ({ name: `cp${i}`, kind: 'node', addressSuffix: 10 + i }) as const),
      ...[1, 2, 3, 4, 5, 6].map((i) => ({ name: `w${i}`, kind: 'node', addressSuffix: 20 + i }) as const),
    ],
    progress: (line) => console.log(line),
  });
  quorate = await startQuorate(lab, impatient);
  await quorate.startWorker();
  console.log((await quorate.check(['init', 'cp1'])).stdout);
  await lab.installNetwork('cp1');
});

afterAll(async () => {
  await quorate?.stop();
  await lab?.down();
});

/** How often kubeadm join ran on a host. */
const joinsRun = async (host: string): Promise<number> =>
  Number(
    (
      await lab
        .host(host)
        .check(`cat /var/log/quorate/quorate-join-*.log | grep -c 'Running pre-flight checks$' || true`)
    ).trim(),
  );

test('2. the worker process is cut off from all hosts for three minutes: all joins finish by themselves', async () => {
  const hosts = ['cp2', 'w1', 'w2', 'w3'];
  await beginJoins(quorate, hosts);
  for (const { name } of lab.hosts) await lab.faults.cutFrom('orchestrator', name);
  expect((await operationsOf(quorate, hosts)).map(({ state }) => state)).not.toContain('finished');
  const blocked = await untilAll(quorate, hosts, ['blocked'], 170_000);
  for (const { operation, phase, blockedReason } of blocked) console.log(`  ${operation} ${phase}: ${blockedReason}`);
  // A step that asks the cluster through any control-plane host says that none answers.
  for (const { blockedReason } of blocked) expect(['Unreachable', 'ApiUnavailable']).toContain(blockedReason);
  await sleep(180_000 - 60_000);
  await lab.faults.clear();
  const cleared = Date.now();
  await untilAll(quorate, hosts, ['finished'], 300_000);
  console.log(`all finished ${Math.round((Date.now() - cleared) / 1000)} s after the network came back`);
  for (const host of hosts) expect(await joinsRun(host)).toBe(1);
  await expectAllJoined(lab, { controlPlane: ['cp1', 'cp2'], workers: ['w1', 'w2', 'w3'] });
});

test('2. the Temporal server is killed with SIGKILL and started again: all joins finish by themselves', async () => {
  const hosts = ['cp3', 'w4', 'w5', 'w6'];
  await beginJoins(quorate, hosts);
  quorate.killTemporal();
  await untilAll(quorate, hosts, ['finished'], 300_000);
  for (const host of hosts) expect(await joinsRun(host)).toBe(1);
  await expectAllJoined(lab, { controlPlane: ['cp1', 'cp2', 'cp3'], workers: ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'] });
});
