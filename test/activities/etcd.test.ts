import { beforeEach, describe, expect, test } from 'vitest';
import { etcdActivities, removeMemberSafely } from '../../activities/etcd.js';
import type { Checked } from '../../model/checked.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { checkTarget } from '../support/check-target.js';
import { etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { sectioned } from '../support/fake-host.js';
import type { FakeReply } from '../support/fake-host.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';
import { kubeletRuns } from '../support/simulated-target.js';

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
const remove = (cluster: SimulatedCluster, checked: Checked, of = context): Promise<string> =>
  activityEnvironment().run(() => etcdActivities(cluster.dependencies).removeStaleMember(of, checked));
/** What `of` finds stale when nothing changes after its check; `checked` is what the check saw otherwise. */
const stale = async (cluster: SimulatedCluster, checked: Partial<Checked> = {}, of = context): Promise<string> =>
  remove(cluster, { ...(await checkTarget(cluster, of)).checked, ...checked }, of);

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
    expect(await stale(cluster, {}, worker)).toBe('deleted its old Node (Ready)');
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

describe('what has changed since the host was checked', () => {
  let cluster: SimulatedCluster;
  let checked: Checked;
  /** cp3 left a dead voter and a Node that is not Ready; it was checked like that. */
  beforeEach(async () => {
    cluster = simulatedCluster();
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), dead('cp3')];
    cluster.nodes.set('cp3', nodeFacts('cp3', { ready: false, notReadyBecause: 'Unknown: gone' }));
    ({ checked } = await checkTarget(cluster, context));
  });
  const refused = async (of = context): Promise<string> => {
    const error: unknown = await remove(cluster, checked, of).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      type: 'ChangedSinceCheck',
      details: { remedy: expect.stringContaining('the cluster again by itself') as string },
    });
    return (error as Error).message;
  };
  const expectUntouched = (): void => {
    expect(cluster.events).toEqual([]);
    expect(cluster.nodes.has('cp3')).toBe(true);
  };
  /** Changes the cluster right before a command of that kind is sent, once. */
  const before = (command: RegExp, change: () => void): void => {
    let isDone = false;
    cluster.instead = (_, { script }) => {
      if (!isDone && command.test(script)) {
        isDone = true;
        change();
      }
      return undefined;
    };
  };

  test('is nothing: what was checked goes', async () => {
    expect(await remove(cluster, checked)).toMatch(
      /^removed the etcd member cp3 .*; deleted its old Node \(NotReady\)$/,
    );
  });

  test('R4: its member has come to run: somebody joined it by hand', async () => {
    cluster.members = ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name));
    checked = { ...checked, etcdDataPresent: true, sameCluster: true };
    expect(await refused()).toBe(
      `etcd member cp3 (id ${id('cp3')}) has come to run since cp3 was checked; nothing was removed`,
    );
    expectUntouched();
  });

  test.each([
    ['a learner that has not started', { name: undefined, isLearner: true, clientUrls: [] }],
    ['a voter that does not answer', { name: 'cp3' }],
  ])('R4: another member was added, %s: it is somebody’s join', async (_, of) => {
    const { status: _status, name: _name, ...member } = etcdMember('cp3');
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), { ...member, id: 'feed', ...of }];
    expect(await refused()).toMatch(/^etcd member .*feed.* was added since cp3 was checked; nothing was removed$/);
    expectUntouched();
  });

  test.each([
    ['was promoted', { isLearner: false }],
    ['has started', { name: 'cp3', clientUrls: ['https://10.203.0.13:2379'] }],
    ['was given another peer URL', { peerUrls: ['https://10.203.0.77:2380'] }],
  ])('R4: the learner %s after it was projected: etcd is asked in the script that removes', async (_, of) => {
    const { status: _status, name: _name, ...member } = etcdMember('cp3');
    const learner = { ...member, isLearner: true, clientUrls: [] };
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), learner];
    ({ checked } = await checkTarget(cluster, context));
    before(/member remove/, () => {
      cluster.members = [etcdMember('cp1'), etcdMember('cp2'), { ...learner, ...of }];
    });
    expect(await refused()).toMatch(/is no longer what was projected; it was not removed$/);
    expectUntouched();
    expect(cluster.members).toHaveLength(3);
  });

  test('R4: its Node has become Ready', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    cluster.nodes.set('cp3', nodeFacts('cp3'));
    expect(await refused()).toBe('Node cp3 has become Ready since cp3 was checked; nothing was removed');
    expectUntouched();
  });

  test('R4: its Node becomes Ready between the look at it and its deletion', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    before(/delete --raw/, () => cluster.nodes.set('cp3', nodeFacts('cp3')));
    expect(await refused()).toBe('Node cp3 has become Ready since cp3 was checked; nothing was removed');
    expectUntouched();
  });

  test('a Node that is written without becoming Ready is looked at again, and goes', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    before(/delete --raw/, () =>
      cluster.nodes.set('cp3', nodeFacts('cp3', { ready: false, notReadyBecause: 'Unknown: still' })),
    );
    expect(await remove(cluster, checked)).toBe('deleted its old Node (NotReady)');
  });

  test('a Node that is written each time before it can be deleted is tried again later', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    let times = 0;
    cluster.instead = (_, { script }) => {
      if (!script.includes('delete --raw')) return undefined;
      cluster.nodes.set('cp3', nodeFacts('cp3', { ready: false, notReadyBecause: `Unknown: ${(times += 1)}` }));
      return undefined;
    };
    await expect(remove(cluster, checked)).rejects.toMatchObject({ type: 'ApiUnavailable' });
    expect(times).toBe(5);
    expectUntouched();
  });

  test.each([
    ['another Node has its name', () => cluster.nodes.set('cp3', nodeFacts('cp3', { uid: 'another', ready: false }))],
    ['a Node has its name that had none', () => (checked = { ...checked, node: undefined })],
  ])('R4: %s', async (_, change) => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    change();
    expect(await refused()).toBe('a Node cp3 was made since cp3 was checked; nothing was removed');
    expectUntouched();
  });

  test('R4: the kubelet of a Node that was still Ready has come to run again', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    cluster.nodes.set('cp3', nodeFacts('cp3'));
    ({ checked } = await checkTarget(cluster, context));
    expect(checked.node).toMatchObject({ ready: true, living: false });
    kubeletRuns(cluster);
    expect(await refused()).toBe('Node cp3 has come to life since cp3 was checked; nothing was removed');
    expectUntouched();
  });

  test('a Node that was Ready with a running kubelet, and was shown as such, goes', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    cluster.nodes.set('cp3', nodeFacts('cp3'));
    kubeletRuns(cluster);
    ({ checked } = await checkTarget(cluster, context));
    expect(checked.node).toMatchObject({ living: true });
    expect(await remove(cluster, checked)).toBe('deleted its old Node (Ready)');
  });

  test.each([
    ['another machine', () => (cluster.target.machineId = 'aa'.repeat(16)), /\/etc\/machine-id aaaa/],
    [
      'a node of somebody',
      () => cluster.target.nodeIdentity.push('/etc/kubernetes/kubelet.conf 9:1:1'),
      /kubelet\.conf 9:1:1/,
    ],
    [
      'marked by another operation',
      () => (cluster.target.marker = '{"operation":"x"}\n'),
      /marker\.json \{"operation":"x"/,
    ],
  ])(
    'R3: the host is %s: neither member nor Node is touched, as what is decided rests on the host',
    async (_, change, says) => {
      change();
      expect(await refused()).toMatch(says);
      expectUntouched();
    },
  );

  test('R4: of a worker its Node alone is compared', async () => {
    const worker = operationContext({ kind: 'join-worker', host: 'cp3' });
    cluster.nodes.set('cp3', nodeFacts('cp3'));
    expect(await refused(worker)).toBe('Node cp3 has become Ready since cp3 was checked; nothing was removed');
    expectUntouched();
  });
});

describe('a snapshot', () => {
  const snapshot = (cluster: SimulatedCluster): Promise<string> =>
    activityEnvironment().run(() => etcdActivities(cluster.dependencies).snapshotEtcd(context));
  /** What the script of a snapshot answers on some hosts. */
  const answers = (replies: Readonly<Record<string, FakeReply | ((script: string) => FakeReply)>>) => {
    const cluster = simulatedCluster();
    cluster.instead = (host, { script }) => {
      const reply = script.includes('snapshot save') ? replies[host] : undefined;
      return typeof reply === 'function' ? reply(script) : reply;
    };
    return cluster;
  };
  const full =
    (free: string) =>
    (script: string): FakeReply => ({
      code: 28,
      stdout: sectioned(script, { room: `${free} 515 2097152 /var/lib/x` }),
    });

  test('says where it is and how much it holds', async () => {
    const cluster = simulatedCluster();
    cluster.apiServers.set('cp1', 'not-ready');
    expect(await snapshot(cluster)).toBe(
      '/var/lib/quorate/snapshots/s.db on cp2: revision 812, 455 keys, 3.0 MiB, verified; 5 of this cluster kept',
    );
  });

  test('R15: says what is left alone beside it, and what could not be deleted', async () => {
    const cluster = answers({
      cp1: (script) =>
        sectioned(script, {
          file: '/var/lib/quorate/snapshots/s.db\n',
          status: '\n',
          numbers: `812 ${3 * 2 ** 20} 2 1 3`,
          undeleted: 'a.db\nb.db\n',
        }),
    });
    expect(await snapshot(cluster)).toBe(
      "/var/lib/quorate/snapshots/s.db on cp1: revision 812 or later, 3.0 MiB, its checksum is right; 2 of this cluster kept; left alone: 1 of another cluster, 3 without a record of Quorate's; could not be deleted: a.db, b.db",
    );
  });

  test('R14: is taken on the next host where the first has no room for it', async () => {
    const cluster = answers({ cp1: full('102400') });
    expect(await snapshot(cluster)).toContain('s.db on cp2: ');
    expect(cluster.events).toEqual(['cp2: snapshot']);
  });

  test('R14: is refused with the numbers of each host where none has room', async () => {
    const cluster = answers({ cp1: full('102400'), cp2: full('204800'), cp3: full('0') });
    const error: unknown = await snapshot(cluster).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      type: 'NoSpace',
      message:
        'cp1 has 100 MiB free at /var/lib/x: a snapshot of its etcd (2.0 MiB) wants 515 MiB; cp2 has 200 MiB free at /var/lib/x: a snapshot of its etcd (2.0 MiB) wants 515 MiB',
      details: { host: 'cp1', remedy: expect.stringMatching(/make room .* skip the snapshot/) as string },
    });
    expect((error as { details: { evidence: string[] } }).details.evidence).toHaveLength(2);
  });

  test('that fails for another reason is not tried elsewhere', async () => {
    const cluster = answers({ cp1: { code: 75, stderr: 'the snapshot stood still for 60 s after 8192 bytes' } });
    await expect(snapshot(cluster)).rejects.toMatchObject({
      type: 'EtcdUnavailable',
      message: 'saving an etcd snapshot at cp1: the snapshot stood still for 60 s after 8192 bytes',
    });
    expect(cluster.events).toEqual([]);
  });
});
