import { expect } from 'vitest';
import type { FailureType } from '../../model/failures/failure.js';
import type { Outcome } from './operations.js';
import type { Site } from './site.js';

type Blocked = Extract<Outcome, { status: 'blocked' }>['blocked'];

/** The operation waits for a decision, for the right reason. */
export const expectBlocked = (outcome: Outcome, type: FailureType, message: RegExp): Blocked => {
  if (outcome.status !== 'blocked') throw new Error(`not blocked but ${outcome.status}: ${outcome.message}`);
  const { blocked } = outcome;
  expect(`${blocked.type}: ${blocked.message}`).toMatch(new RegExp(`^${type}: `));
  expect(blocked.message).toMatch(message);
  expect(blocked.remedy).toMatch(/\S/);
  return blocked;
};

/** The operation has failed before any change, for the right reason. */
export const expectRefused = (outcome: Outcome, type: FailureType, message: RegExp): void => {
  expect(outcome).toMatchObject({ status: 'failed', type, message: expect.stringMatching(message) as string });
};

/** The world as if nothing had ever happened: proven members, one of each, and nothing left behind. */
export const expectAllJoined = async (
  site: Site,
  { controlPlane, workers = [] }: { controlPlane: readonly string[]; workers?: readonly string[] },
): Promise<void> => {
  const { observer } = site;
  const members = await observer.members();
  expect(members.map(({ name }) => name).toSorted()).toEqual(controlPlane);
  expect(members.map(({ isLearner, isHealthy }) => ({ isLearner, isHealthy }))).toEqual(
    controlPlane.map(() => ({ isLearner: false, isHealthy: true })),
  );
  expect(await observer.readyNodes()).toEqual([...controlPlane, ...workers].toSorted());
  for (const host of controlPlane) expect([host, await observer.isServing(host)]).toEqual([host, true]);
  const backends = (await observer.backends()).map(({ name, status }) => `${name} ${status}`);
  expect(backends.toSorted()).toEqual(controlPlane.map((name) => `${name} UP`));
  await expectNothingLent(site, [...controlPlane, ...workers]);
  site.expectNoDefects();
};

/** No token, no shared certificates, no file of ours below /run/quorate. */
export const expectNothingLent = async ({ observer }: Site, hosts: readonly string[]): Promise<void> => {
  expect(await observer.lentSecrets()).toEqual([]);
  for (const host of hosts) expect(await observer.files(host, '/run/quorate')).toEqual([]);
};

/** Nothing of Kubernetes is on the host. */
export const expectUntouched = async ({ observer }: Site, name: string): Promise<void> => {
  expect(await observer.files(name, '/etc/kubernetes')).toEqual([]);
  expect(await observer.files(name, '/var/lib/etcd')).toEqual([]);
  expect(await observer.ports(name)).toEqual([]);
};

/** What kubeadm and others printed in units of Quorate's on a host. */
export const logsOf = async ({ observer }: Site, host: string): Promise<string> => {
  const logs = await observer.files(host, '/var/log/quorate');
  return (await Promise.all(logs.map(async (log) => (await observer.read(host, log)) ?? ''))).join('');
};
