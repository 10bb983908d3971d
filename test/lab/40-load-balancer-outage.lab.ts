import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clusterYaml, startLab } from '../../lab/index.js';
import type { Lab } from '../../lab/index.js';
import { beginJoins, expectAllJoined, impatient, operationsOf, untilAll } from './support/outage.js';
import { startQuorate } from './support/quorate.js';
import type { Quorate } from './support/quorate.js';

let lab: Lab;
let quorate: Quorate;

beforeAll(async () => {
  lab = await startLab({
    name: 'lb-outage',
    hosts: [
      { name: 'lb1', kind: 'load-balancer', addressSuffix: 10 },
      ...[1, 2, 3].map((i) => ({ name: `cp${i}`, kind: 'node', addressSuffix: 10 + i }) as const),
      ...[1, 2, 3, 4, 5, 6].map((i) => ({ name: `w${i}`, kind: 'node', addressSuffix: 20 + i }) as const),
    ],
    progress: (line) => console.log(line),
  });
  quorate = await startQuorate(lab, { ...impatient, resumeWhenHealthy: false });
  await quorate.startWorker();
  console.log((await quorate.check(['init', 'cp1'])).stdout);
  await lab.installNetwork('cp1');
});

afterAll(async () => {
  await quorate?.stop();
  await lab?.down();
});

/** What an operation that lost its load balancer may say; anything else would send the operator to the wrong place. */
const rightReasons = ['Unreachable', 'LoadBalancerUnavailable', 'EndpointUnreachable', 'NodeNotReady'];

const loseTheLoadBalancer = async (hosts: readonly string[]): Promise<void> => {
  await beginJoins(quorate, hosts);
  await lab.host('lb1').powerCut();
  const cut = Date.now();
  expect((await operationsOf(quorate, hosts)).map(({ state }) => state)).not.toContain('finished');
  const blocked = await untilAll(quorate, hosts, ['blocked'], 300_000);
  console.log(`all blocked ${Math.round((Date.now() - cut) / 1000)} s after the power cut:`);
  for (const { operation, phase, blockedReason } of blocked) console.log(`  ${operation} ${phase}: ${blockedReason}`);
  for (const { blockedReason } of blocked) expect(rightReasons).toContain(blockedReason);
  for (const { operation } of blocked) console.log((await quorate.run(['operations', 'show', operation])).stdout);
};

test('1. three worker joins and a control-plane join lose the load balancer: all block; one command goes on with all', async () => {
  const hosts = ['cp2', 'w1', 'w2', 'w3'];
  await loseTheLoadBalancer(hosts);

  const planned = await quorate.check(['retry', '--all-blocked', '--dry-run']);
  console.log(planned.stdout);
  for (const host of hosts) expect(planned.stdout).toContain(`/${host}/`);
  expect((await operationsOf(quorate, hosts)).every(({ state }) => state === 'blocked')).toBe(true);

  await lab.host('lb1').powerOn();
  const powered = Date.now();
  const retried = await quorate.check(['retry', '--all-blocked', '--reason', 'lb1 has power again']);
  console.log(retried.stdout);
  await untilAll(quorate, hosts, ['finished'], 300_000);
  console.log(`all finished ${Math.round((Date.now() - powered) / 1000)} s after the power came back`);
  await expectAllJoined(lab, { controlPlane: ['cp1', 'cp2'], workers: ['w1', 'w2', 'w3'] });
});

test('1. the same with nothing but the probe: all go on by themselves', async () => {
  writeFileSync(quorate.clusterFile, clusterYaml(lab, { policy: { ...impatient, resumeWhenHealthy: true } }));
  expect(readFileSync(quorate.clusterFile, 'utf8')).toContain('resumeWhenHealthy: true');
  const hosts = ['cp3', 'w4', 'w5', 'w6'];
  await loseTheLoadBalancer(hosts);
  await lab.host('lb1').powerOn();
  const powered = Date.now();
  const finished = await untilAll(quorate, hosts, ['finished'], 300_000);
  console.log(`all finished ${Math.round((Date.now() - powered) / 1000)} s after the power came back`);
  for (const { operation } of finished) {
    const { stdout } = await quorate.run(['operations', 'show', operation]);
    console.log(stdout);
    expect(stdout).toMatch(/Decision: retry by quorate/);
  }
  await expectAllJoined(lab, { controlPlane: ['cp1', 'cp2', 'cp3'], workers: ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'] });
});
