import { z } from 'zod';
import { expect } from 'vitest';
import type { Lab } from '../../../lab/index.js';
import type { Quorate } from './quorate.js';
import { backends, etcdMembers, eventually, leftoverSecrets, nodes, runFiles, startedVoters } from './world.js';

/** Budgets of an operator who would rather be asked than wait: an outage of minutes blocks everything. */
export const impatient = { budgets: { unreachable: '20s', ready: '40s', join: '90s' }, probeEvery: '5s' };

const Listed = z.object({
  operations: z.array(
    z.object({
      operation: z.string(),
      host: z.string(),
      state: z.string(),
      phase: z.string().optional(),
      blockedReason: z.string().optional(),
    }),
  ),
});
export type Operation = z.infer<typeof Listed>['operations'][number];

/** The newest operation of each of the hosts. */
export const operationsOf = async (quorate: Quorate, hosts: readonly string[]): Promise<Operation[]> => {
  const { stdout } = await quorate.check(['operations', 'list', '--output', 'json']);
  const { operations } = Listed.parse(JSON.parse(stdout));
  return hosts.flatMap((host) => operations.find((one) => one.host === host) ?? []);
};

const stillReading = ['begin', 'read', 'check'];

/** Asks for joins of all hosts at once, and returns when each of them has begun to change something. */
export const beginJoins = async (quorate: Quorate, hosts: readonly string[]): Promise<void> => {
  await Promise.all(hosts.map((host) => quorate.check(['join', host, '--no-wait'])));
  await eventually(
    'all joins are under way',
    async () => {
      const operations = await operationsOf(quorate, hosts);
      return (
        operations.length === hosts.length &&
        operations.every(({ state, phase = 'begin' }) => state === 'running' && !stillReading.includes(phase))
      );
    },
    120_000,
  );
};

/** Waits until each operation is in one of the states, and returns them. */
export const untilAll = async (
  quorate: Quorate,
  hosts: readonly string[],
  states: readonly string[],
  timeoutMs: number,
): Promise<Operation[]> => {
  let operations: Operation[] = [];
  await eventually(
    `${hosts.join(', ')}: all ${states.join(' or ')}`,
    async () => {
      operations = await operationsOf(quorate, hosts);
      if (operations.some(({ state }) => state === 'failed' || state === 'rolled-back' || state === 'cancelled'))
        throw new Error(JSON.stringify(operations));
      return operations.length === hosts.length && operations.every(({ state }) => states.includes(state));
    },
    timeoutMs,
  );
  return operations;
};

/** The world as if nothing had happened: proven members, one of each, and nothing left behind. */
export const expectAllJoined = async (
  lab: Lab,
  { controlPlane, workers }: { controlPlane: readonly string[]; workers: readonly string[] },
): Promise<void> => {
  const all = [...controlPlane, ...workers];
  expect(await startedVoters(lab)).toEqual(controlPlane);
  expect((await etcdMembers(lab)).length).toBe(controlPlane.length);
  await eventually('all backends UP', async () => {
    const seen = await backends(lab);
    return Object.keys(seen).toSorted().join() === controlPlane.join() && Object.values(seen).every((s) => s === 'UP');
  });
  await eventually('all Nodes Ready', async () => {
    const seen = await nodes(lab);
    return (
      Object.keys(seen).toSorted().join() === all.toSorted().join() && Object.values(seen).every((s) => s === 'True')
    );
  });
  expect(await leftoverSecrets(lab)).toEqual([]);
  for (const host of all) {
    expect(await runFiles(lab, host)).toEqual([]);
    expect((await lab.host(host).run('systemctl is-enabled kubelet')).stdout.trim()).toBe('enabled');
  }
};
