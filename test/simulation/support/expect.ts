import { expect } from 'vitest';
import { readToken } from '../../../lab/simulation/kubernetes/tokens.js';
import type { Cluster } from './cluster.js';

export { expectBlocked, expectRefused } from '../../scenarios/expect.js';

/** The world as if nothing had ever happened: proven members, one of each, and nothing left behind. */
export const expectAllJoined = async (
  { simulation }: Cluster,
  { controlPlane, workers = [] }: { controlPlane: readonly string[]; workers?: readonly string[] },
): Promise<void> => {
  const { observer, world } = simulation;
  const all = [...controlPlane, ...workers];
  expect(observer.voters()).toEqual(controlPlane);
  expect(observer.members()).toHaveLength(controlPlane.length);
  expect(observer.members().every(({ isHealthy }) => isHealthy)).toBe(true);
  expect(observer.readyNodes()).toEqual(all.toSorted());
  expect(controlPlane.filter((host) => !observer.isServing(host))).toEqual([]);
  expect((await observer.backends('lb1')).map(({ name, status }) => [name, status])).toEqual(
    controlPlane.map((name) => [name, 'UP']),
  );
  expectNothingLent(simulation);
  expect(world.defects).toEqual([]);
};

/** No token, no shared certificates, no file of ours below /run/quorate. */
const expectNothingLent = ({ observer, hosts }: Cluster['simulation']): void => {
  const lent = observer.secrets().map((secret) => {
    const { name, creationTimestamp: made, labels = {} } = secret.metadata;
    return { name, made, labels, description: readToken(secret)?.description };
  });
  expect(lent).toEqual([]);
  for (const { name, kind } of hosts) if (kind === 'node') expect(observer.files(name, '/run/quorate')).toEqual([]);
};

/** Nothing of Kubernetes is on the host. */
export const expectUntouched = (simulation: Cluster['simulation'], name: string): void => {
  const { observer } = simulation;
  expect(observer.files(name, '/etc/kubernetes')).toEqual([]);
  expect(observer.files(name, '/var/lib/etcd')).toEqual([]);
  expect(simulation.host(name).machine.listeners).toEqual([]);
};

/** What kubeadm and others printed in units of Quorate's on a host. */
export const logsOf = ({ observer }: Cluster['simulation'], host: string): string =>
  observer
    .files(host, '/var/log/quorate')
    .map((log) => observer.read(host, log) ?? '')
    .join('');
