import { beforeEach, describe, expect, test } from 'vitest';
import { askControlPlane, hostOf, pickControlPlane } from '../../../activities/shared/control-plane.js';
import { oldCa, prodCa } from '../../adapters/host/certificates.js';
import { operationContext } from '../../support/facts.js';
import { simulatedCluster } from '../../support/simulated-cluster.js';
import type { SimulatedCluster } from '../../support/simulated-cluster.js';

const context = operationContext();
let cluster: SimulatedCluster;
beforeEach(() => (cluster = simulatedCluster()));

test('a host is reached by the name that the SSH configuration has for it', () => {
  const entry = { name: 'cp1', address: '10.203.0.11' };
  expect(hostOf(cluster.dependencies, entry).name).toBe('cp1');
  expect(hostOf(cluster.dependencies, { ...entry, ssh: 'bastion-cp1' }).name).toBe('bastion-cp1');
});

test('each host is asked; one that cannot be reached is not ready, with why', async () => {
  cluster.apiServers.set('cp2', 'not-ready');
  cluster.apiServers.delete('cp3');
  cluster.down.add('cp1');
  const asked = await askControlPlane(cluster.dependencies, context, context.controlPlane);
  expect(asked.map(({ entry, answer }) => [entry.name, answer])).toEqual([
    ['cp1', { initialised: false, ready: false, because: expect.stringContaining('no connection to cp1') }],
    ['cp2', { initialised: true, ready: false, answers: true, because: 'not ready: etcd failed: reason withheld' }],
    ['cp3', { initialised: false, ready: false, because: expect.stringContaining('no admin.conf') }],
  ]);
});

test('a host that says nothing is not waited for when another one has answered', async () => {
  const never = new Promise<never>(() => undefined);
  const { hosts } = cluster.dependencies;
  const dependencies = {
    ...cluster.dependencies,
    hosts: {
      ...hosts,
      host: (name: string) => (name === 'cp1' ? { ...hosts.host(name), run: () => never } : hosts.host(name)),
    },
  };
  const asked = await askControlPlane(dependencies, context, context.controlPlane.slice(0, 2));
  expect(asked.map(({ answer }) => answer)).toEqual([
    { initialised: false, ready: false, because: 'no answer over SSH within 4 s, while another host answered' },
    { initialised: true, ready: true, answers: true },
  ]);
});

test('R2: a host that is slow is waited for where its silence would be taken for absence', async () => {
  const { hosts } = cluster.dependencies;
  let answer: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => (answer = resolve));
  const dependencies = {
    ...cluster.dependencies,
    hosts: {
      ...hosts,
      host: (name: string) =>
        name === 'cp1'
          ? {
              name,
              run: (...args: Parameters<ReturnType<typeof hosts.host>['run']>) =>
                slow.then(() => hosts.host(name).run(...args)),
            }
          : hosts.host(name),
    },
  };
  const asked = askControlPlane(dependencies, context, context.controlPlane.slice(0, 2), { patient: true });
  // Longer than the others are waited for.
  setTimeout(() => answer(), 4_500);
  expect((await asked).map(({ answer: { ready } }) => ready)).toEqual([true, true]);
});

describe('the host that is asked about the cluster', () => {
  test.each([
    ['the first', [], 'cp1'],
    ['the next when the first cannot be reached', ['cp1'], 'cp2'],
  ])('is %s', async (_, down, expected) => {
    for (const name of down) cluster.down.add(name);
    expect((await pickControlPlane(cluster.dependencies, context)).entry.name).toBe(expected);
  });

  test('is never the target itself, though its API server is the only one that is ready', async () => {
    cluster.apiServers.set('cp1', 'silent');
    cluster.apiServers.set('cp2', 'not-ready');
    await expect(pickControlPlane(cluster.dependencies, context)).rejects.toMatchObject({
      type: 'ApiUnavailable',
      message: 'no API server of prod is ready',
      details: {
        evidence: ['cp1: nothing listens on 6443', 'cp2: not ready: etcd failed: reason withheld'],
      },
    });
  });

  test('may be the target where it is among the candidates', async () => {
    const [cp3] = context.controlPlane.filter(({ name }) => name === 'cp3');
    const picked = await pickControlPlane(cluster.dependencies, context, cp3 === undefined ? [] : [cp3]);
    expect(picked.entry.name).toBe('cp3');
  });

  test('is none that carries another cluster by now than the operation works on', async () => {
    const known = { ...context, caHash: prodCa.hash };
    cluster.otherCas.set('cp1', oldCa.pem);
    cluster.otherCas.set('cp2', prodCa.pem);
    expect((await pickControlPlane(cluster.dependencies, known)).entry.name).toBe('cp2');
    // Before the operation has read a cluster there is nothing to compare with.
    expect((await pickControlPlane(cluster.dependencies, context)).entry.name).toBe('cp1');
    cluster.down.add('cp2');
    await expect(pickControlPlane(cluster.dependencies, known)).rejects.toMatchObject({
      type: 'ApiUnavailable',
      details: {
        evidence: [expect.stringMatching(/^cp1: it carries another cluster than prod \(CA /), expect.anything()],
      },
    });
    cluster.down.delete('cp2');
    cluster.otherCas.set('cp2', oldCa.pem);
    await expect(pickControlPlane(cluster.dependencies, known)).rejects.toMatchObject({
      type: 'ClusterMismatch',
      message: 'cp1, cp2 carry another cluster by now than prod was',
    });
  });
});
