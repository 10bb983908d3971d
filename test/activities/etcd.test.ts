import { describe, expect, test } from 'vitest';
import { etcdActivities, removeMemberSafely } from '../../src/activities/etcd.js';
import type { Checked } from '../../src/model/checked.js';
import type { OperationContext } from '../../src/model/operation.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { checkedFacts, etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';

const id = (name: string): string => etcdMember(name).id;
const dead = (name: string) => {
  const { status: _, ...member } = etcdMember(name);
  return member;
};
const survivor = (cluster: SimulatedCluster, name = 'cp1') => ({
  host: cluster.host(name),
  entry: { name, address: '10.203.0.11' },
});
const context = operationContext();
/** What the check saw of the cluster as it is now; the host is clean unless `checked` says otherwise. */
const checkedIn = (
  { members, nodes }: SimulatedCluster,
  { name }: OperationContext['target'],
  checked: Partial<Checked> = {},
): Checked => {
  const node = nodes.get(name);
  return checkedFacts({
    members: members.filter((member) => member.name === name || member.name === undefined).map((member) => member.id),
    ...(node === undefined ? {} : { node: { uid: node.uid, ready: node.ready, living: false } }),
    ...checked,
  });
};
const remove = (cluster: SimulatedCluster, checked: Checked, of = context): Promise<string> =>
  activityEnvironment().run(() => etcdActivities(cluster.dependencies).removeStaleMember(of, checked));
const stale = (cluster: SimulatedCluster, checked: Partial<Checked> = {}): Promise<string> =>
  remove(cluster, checkedIn(cluster, context.target, checked));

describe('removing a member', () => {
  test('is done by a survivor when a majority of the voters left over is healthy', async () => {
    const cluster = simulatedCluster();
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), dead('cp3')];
    expect(await removeMemberSafely(survivor(cluster), id('cp3'), 'that was lost')).toBe(
      `removed the etcd member cp3 (id ${id('cp3')}) that was lost: voters 3 → 2, tolerates 1 → 0 (healthy 2 of 3 → 2 of 2)`,
    );
    expect(cluster.events).toEqual([`cp1: member remove ${id('cp3')}`]);
    expect(cluster.members).toHaveLength(2);
  });

  test.each([
    ['would leave no healthy majority', [etcdMember('cp1'), dead('cp2'), etcdMember('cp3')], /would leave 1 of 2/],
    ['finds no quorum', [etcdMember('cp1'), dead('cp2'), dead('cp3')], /lost quorum/],
    [
      'finds another learner',
      [etcdMember('cp1'), etcdMember('cp2', { isLearner: true }), dead('cp3')],
      /another change of members/,
    ],
    ['would take the last voter', [etcdMember('cp3', { status: { ...etcdMember('cp1').status! } })], /last voter/],
  ])('that %s is refused, and nothing is sent to etcd', async (_, members, because) => {
    const cluster = simulatedCluster();
    cluster.members = members;
    const error: unknown = await removeMemberSafely(survivor(cluster), id('cp3'), '').catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ type: 'QuorumAtRisk', message: expect.stringMatching(because) });
    const { evidence } = (error as { details: { evidence: string[] } }).details;
    expect(evidence).toHaveLength(members.length + 1);
    expect(evidence[0]).toMatch(/^voters/);
    expect(cluster.events).toEqual([]);
    expect(cluster.members).toEqual(members);
  });

  test('moves the leadership to a healthy voter first', async () => {
    const cluster = simulatedCluster();
    const leads = { ...etcdMember('cp1').status!, isLeader: true };
    const follows = { ...leads, isLeader: false };
    cluster.members = [
      etcdMember('cp1', { status: { ...follows, errors: ['etcdserver: no leader'] } }),
      etcdMember('cp2', { status: follows }),
      etcdMember('cp3', { status: leads }),
      etcdMember('cp4', { peerUrls: ['https://10.203.0.14:2380'], status: follows }),
    ];
    await removeMemberSafely(survivor(cluster), id('cp3'), '');
    expect(cluster.events).toEqual([`cp1: move-leader ${id('cp2')}`, `cp1: member remove ${id('cp3')}`]);
  });

  test('that is gone already is a success, and nothing is sent', async () => {
    const cluster = simulatedCluster();
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    expect(await removeMemberSafely(survivor(cluster), id('cp3'), '')).toMatch(/gone already/);
    expect(cluster.events).toEqual([]);
  });

  test('is not believed: a member that is still listed is EtcdUnavailable, which is looked at again', async () => {
    const cluster = simulatedCluster();
    cluster.undying.add(id('cp3'));
    await expect(removeMemberSafely(survivor(cluster), id('cp3'), '')).rejects.toMatchObject({
      type: 'EtcdUnavailable',
    });
  });
});

describe('what a host left behind', () => {
  test('is nothing: nothing is touched', async () => {
    const cluster = simulatedCluster();
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    cluster.nodes.delete('cp3');
    expect(await stale(cluster)).toBe('the cluster remembers nothing of it');
    expect(cluster.events).toEqual([]);
  });

  test('of a worker is its Node: etcd is not asked', async () => {
    const cluster = simulatedCluster();
    const worker = operationContext({ kind: 'join-worker' });
    cluster.members = [etcdMember('cp1'), dead('w2')];
    cluster.nodes.set('w2', nodeFacts('w2', { uid: 'old-uid' }));
    expect(await remove(cluster, checkedIn(cluster, worker.target), worker)).toBe('deleted its old Node (Ready)');
    expect(cluster.events).toEqual(['cp1: delete Node w2 old-uid']);
  });

  test('is its dead voter and its old Node: both go, the Node by its uid', async () => {
    const cluster = simulatedCluster();
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), dead('cp3')];
    cluster.nodes.set('cp3', nodeFacts('cp3', { uid: 'old-uid', ready: false, notReadyBecause: 'Unknown: gone' }));
    expect(await stale(cluster)).toMatch(
      /^removed the etcd member cp3 .* that this host left behind.*; deleted its old Node \(NotReady\)$/,
    );
    expect(cluster.events).toEqual([`cp1: member remove ${id('cp3')}`, 'cp1: delete Node cp3 old-uid']);
  });

  test('is a learner and a voter: the learner first, then the voter on a fresh list', async () => {
    const cluster = simulatedCluster();
    const learner = { ...dead('cp3'), id: 'feed', name: undefined, isLearner: true, clientUrls: [] };
    const { name: _, ...unstarted } = learner;
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), dead('cp3'), unstarted];
    cluster.nodes.delete('cp3');
    await stale(cluster);
    expect(cluster.events).toEqual(['cp1: member remove feed', `cp1: member remove ${id('cp3')}`]);
  });

  test('is a running member at another address: a conflict, and nothing is touched', async () => {
    const cluster = simulatedCluster();
    cluster.members = [
      etcdMember('cp1'),
      etcdMember('cp2'),
      etcdMember('cp3', { peerUrls: ['https://10.203.0.77:2380'] }),
    ];
    await expect(stale(cluster)).rejects.toMatchObject({
      type: 'IdentityConflict',
      details: { host: 'cp3', evidence: [`cp3 (id ${id('cp3')})`] },
    });
    expect(cluster.events).toEqual([]);
    expect(cluster.nodes.has('cp3')).toBe(true);
  });

  // One whose member ran when it was checked has joined already, and does not come here.
  test('is nothing when its member runs with its data: neither member nor Node is touched', async () => {
    const cluster = simulatedCluster();
    await expect(stale(cluster, { etcdDataPresent: true, sameCluster: true })).rejects.toMatchObject({
      type: 'ChangedSinceCheck',
      message: `etcd member cp3 (id ${id('cp3')}) has come to run since cp3 was checked; nothing was removed`,
    });
    expect(cluster.events).toEqual([]);
    expect(cluster.nodes.has('cp3')).toBe(true);
  });

  test('is a voter that cannot go now: refused, and its Node stays too', async () => {
    const cluster = simulatedCluster();
    cluster.members = [etcdMember('cp1'), dead('cp2'), dead('cp3')];
    await expect(stale(cluster)).rejects.toMatchObject({ type: 'QuorumAtRisk' });
    expect(cluster.events).toEqual([]);
    expect(cluster.nodes.has('cp3')).toBe(true);
  });

  test('is asked of the next host when the first does not answer', async () => {
    const cluster = simulatedCluster();
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), dead('cp3')];
    cluster.nodes.delete('cp3');
    cluster.down.add('cp1');
    await stale(cluster);
    expect(cluster.events).toEqual([`cp2: member remove ${id('cp3')}`]);
  });
});

test('a snapshot says where it is and how much it holds', async () => {
  const cluster = simulatedCluster();
  cluster.apiServers.set('cp1', 'not-ready');
  const { snapshotEtcd } = etcdActivities(cluster.dependencies);
  expect(await snapshotEtcd(context)).toBe(
    '/var/lib/quorate/snapshots/s.db on cp2: revision 812, 455 keys, 3.0 MiB, verified',
  );
});
