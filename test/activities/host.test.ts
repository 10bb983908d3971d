import { beforeEach, describe, expect, test } from 'vitest';
import { hostActivities, readTarget, resetToClean } from '../../activities/host.js';
import { renderMarker } from '../../adapters/host/marker.js';
import type { Checked } from '../../model/checked.js';
import { activityEnvironment, testRun } from '../support/activity-environment.js';
import { checkTarget } from '../support/check-target.js';
import { checkedFacts, etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';
import { kubeletRuns } from '../support/simulated-target.js';

const context = operationContext();
const mount = 'mount /var/lib/kubelet/pods/1/volumes/data';
const dirt = ['etcd-data yes', 'kubelet-state pki', mount];

let cluster: SimulatedCluster;
beforeEach(() => {
  cluster = simulatedCluster();
  cluster.target.marker = '{"operation":"prod/earlier","cluster":"prod","at":"2026-01-05T08:00:00Z"}';
  cluster.target.dirt = [...dirt];
});
const reset = (purpose: 'reset' | 'undo-reset' = 'reset'): Promise<string> =>
  activityEnvironment().run(async () => {
    const before = await readTarget(cluster.host('cp3'), context);
    return resetToClean(cluster.dependencies, context, { purpose, state: 'resetting', before, judged: before });
  });
const unitSteps = (): string[] =>
  [...cluster.target.units.keys()].map((unit) => unit.replace(/^quorate-(.*)-[0-9a-f]{12}\.service$/, '$1'));

describe('a reset', () => {
  test('runs kubeadm, cleans what it leaves, reads the host again, and takes its own traces with it', async () => {
    expect(await reset()).toBe('kubeadm reset succeeded; cleaned 3 leftovers; read again: clean');
    expect(cluster.events).toEqual([
      'cp3: write the marker',
      'cp3: kubeadm reset',
      'cp3: deep clean',
      'cp3: remove the configuration',
      'cp3: remove the marker',
    ]);
    expect(unitSteps()).toEqual(['reset']);
    expect(cluster.target.files.size).toBe(0);
    expect(cluster.target.marker).toBeUndefined();
  });

  test('does nothing on a clean host', async () => {
    cluster.target.dirt = [];
    cluster.target.marker = undefined;
    expect(await reset()).toBe('the host is clean');
    expect(cluster.events).toEqual([]);
  });

  test('takes a host with nothing but a marker for one that is not finished', async () => {
    cluster.target.dirt = [];
    await reset();
    expect(cluster.target.marker).toBeUndefined();
  });

  test('is not believed by its exit status: the host is read', async () => {
    cluster.target.command = () => ({ exitStatus: 1, log: 'error: it went wrong\n' });
    expect(await reset()).toBe('kubeadm reset failed; cleaned 3 leftovers; read again: clean');
  });

  test('tells kubeadm to leave etcd alone and to remove by force', async () => {
    let yaml = '';
    cluster.target.command = () => {
      yaml = [...cluster.target.files.values()].join('\n');
      return { exitStatus: 0, log: '' };
    };
    await reset();
    expect(yaml).toContain('remove-etcd-member');
    expect(yaml).not.toContain('MNT_DETACH');
    expect([...cluster.target.files.keys()]).toEqual([]);
  });

  test('is tried a second time with a lazy unmount, in a unit of its own', async () => {
    cluster.target.stays = (line, lazily) => line === mount && !lazily;
    expect(await reset()).toBe('kubeadm reset succeeded; cleaned 1 leftovers; read again: clean');
    expect(unitSteps()).toEqual(['reset', 'reset-lazily']);
    expect(cluster.target.marker).toBeUndefined();
  });

  test('that does not get everything away lists what is left, and the marker stays', async () => {
    cluster.target.stays = (line) => line !== 'etcd-data yes';
    await expect(reset()).rejects.toMatchObject({
      type: 'HostNotClean',
      message: 'cp3 is not clean after a reset: mounts below /var/lib/kubelet: /var/lib/kubelet/pods/1/volumes/data',
      details: {
        host: 'cp3',
        evidence: [
          'mounts below /var/lib/kubelet: /var/lib/kubelet/pods/1/volumes/data',
          'state of the kubelet in /var/lib/kubelet',
        ],
      },
    });
    expect(unitSteps()).toEqual(['reset', 'reset-lazily']);
    expect(cluster.target.marker).toBeDefined();
    expect(cluster.events).not.toContain('cp3: remove the marker');
  });

  test('before a join and one that undoes it are two commands', async () => {
    await reset();
    cluster.target.dirt = [...dirt];
    await reset('undo-reset');
    expect(unitSteps()).toEqual(['reset', 'undo-reset']);
    expect(cluster.events.filter((event) => event === 'cp3: kubeadm reset')).toHaveLength(2);
  });
});

describe('the activity of the step', () => {
  const init = operationContext({ kind: 'init' });
  const resetHost = (checked: Checked, of = context): Promise<string> =>
    activityEnvironment().run(() => hostActivities(cluster.dependencies).resetHost(of, checked));
  const foreignCa = '/etc/kubernetes/pki/ca.crt 9:1767700000:1107';
  const otherMarker = '{"operation":"test/init/cp3/k1","run":"r9","cluster":"test","at":"","state":"begun"}';
  beforeEach(() => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    cluster.nodes.set('cp3', nodeFacts('cp3', { ready: false }));
    cluster.target.nodeIdentity = ['/etc/kubernetes/pki/ca.crt 7:1767600000:1107', '/var/lib/etcd/member 8:0'];
  });
  /** The host that was checked and is another now; each says what has become of it. */
  const changes: [string, () => void, RegExp][] = [
    [
      'its CA was written anew',
      () => (cluster.target.nodeIdentity[0] = foreignCa),
      /new: \/etc\/kubernetes\/pki\/ca\.crt 9:/,
    ],
    [
      'it has another etcd member',
      () => (cluster.target.nodeIdentity[1] = '/var/lib/etcd/member 9:0'),
      /new: \/var\/lib\/etcd\/member 9:0/,
    ],
    ['another operation has marked it', () => (cluster.target.marker = otherMarker), /new: .*test\/init\/cp3\/k1/],
    ['it is another machine', () => (cluster.target.machineId = 'aa'.repeat(16)), /new: \/etc\/machine-id aaaa/],
    ['it has no machine-id', () => (cluster.target.machineId = ''), /new: no etc\/machine-id c3c3/],
  ];
  const expectUntouched = async (reset: Promise<string>, says: RegExp, left: unknown): Promise<void> => {
    const error: unknown = await reset.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      type: 'ChangedSinceCheck',
      details: { host: expect.any(String) as string, evidence: expect.anything() as unknown },
    });
    const { message, details } = error as { message: string; details: { evidence: string[] } };
    expect([message, ...details.evidence].join('\n')).toMatch(says);
    expect(cluster.events).toEqual([]);
    expect([cluster.target.dirt, cluster.target.marker, cluster.target.nodeIdentity]).toEqual(left);
  };
  const present = () => structuredClone([cluster.target.dirt, cluster.target.marker, cluster.target.nodeIdentity]);

  test('resets for a join', async () => {
    const { checked } = await checkTarget(cluster, context);
    await resetHost(checked);
    expect(unitSteps()).toEqual(['reset']);
    expect(cluster.target.units.values().next().value?.description).toBe(`quorate ${context.operation} ${testRun}`);
    expect(cluster.target.dirt).toEqual([]);
  });

  test.each(changes)('R3: touches nothing when, since it was checked, %s', async (_, change, says) => {
    const { checked } = await checkTarget(cluster, context);
    change();
    await expectUntouched(resetHost(checked), says, present());
  });

  test.each(changes)('R3: cleans nothing when, while kubeadm reset runs, %s', async (_, change, says) => {
    const { checked } = await checkTarget(cluster, context);
    cluster.target.command = () => {
      change();
      return { exitStatus: 0, log: '' };
    };
    const error: unknown = await resetHost(checked).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'ChangedSinceCheck', message: expect.stringContaining('the cleaning') });
    expect((error as { details: { evidence: string[] } }).details.evidence.join('\n')).toMatch(says);
    expect(cluster.events).toEqual(['cp3: write the marker', 'cp3: kubeadm reset']);
    expect(cluster.target.dirt).toEqual(dirt);
  });

  test('R4: touches nothing when its etcd member has come to run since it was checked', async () => {
    const { checked } = await checkTarget(cluster, context);
    cluster.members.push(etcdMember('cp3'));
    await expectUntouched(
      resetHost(checked),
      /^etcd has the member cp3 .* at its address since cp3 was checked; it was not reset/,
      present(),
    );
  });

  test('R4: touches nothing when an etcd member of its address was added since, whatever its name', async () => {
    const { checked } = await checkTarget(cluster, context);
    cluster.members.push(etcdMember('x', { name: '', peerUrls: ['https://10.203.0.13:2380'], isLearner: true }));
    await expectUntouched(resetHost(checked), /^etcd has the member .* at its address/, present());
  });

  test('R4: touches nothing when its Node has become Ready, with its kubelet behind it', async () => {
    const { checked } = await checkTarget(cluster, context);
    cluster.nodes.set('cp3', nodeFacts('cp3'));
    // Of a kubelet that does not run a Node stays Ready for a while.
    const asleep = structuredClone(cluster.target.dirt);
    kubeletRuns(cluster);
    await expectUntouched(resetHost(checked), /^Node cp3 is Ready since cp3 was checked; it was not reset/, present());
    cluster.target.dirt = asleep;
    expect(await resetHost(checked)).toMatch(/read again: clean$/);
  });

  test('resets a host whose Ready Node was shown and approved, as that of an attempt that was never proved', async () => {
    cluster.nodes.set('cp3', nodeFacts('cp3'));
    kubeletRuns(cluster);
    const { checked } = await checkTarget(cluster, context);
    expect(checked.node).toMatchObject({ living: true });
    // Another Node of its name was not.
    cluster.nodes.set('cp3', nodeFacts('cp3', { uid: 'another' }));
    await expectUntouched(resetHost(checked), /^Node cp3 is Ready/, present());
    cluster.nodes.set('cp3', nodeFacts('cp3'));
    expect(await resetHost(checked)).toMatch(/read again: clean$/);
  });

  test('R3: touches nothing while no survivor can say what lives', async () => {
    const { checked } = await checkTarget(cluster, context);
    cluster.apiServers.clear();
    await expect(resetHost(checked)).rejects.toMatchObject({ type: 'ApiUnavailable' });
    expect(cluster.events).toEqual([]);
  });

  test('R1: of an init touches nothing when an API server has come to serve on the host', async () => {
    cluster.apiServers.clear();
    const { checked } = await checkTarget(cluster, init);
    cluster.apiServers.set('cp1', 'ready');
    await expectUntouched(resetHost(checked, init), /^an API server has come to serve on cp1/, present());
    cluster.apiServers.clear();
    expect(await resetHost(checked, init)).toMatch(/read again: clean$/);
  });

  describe('of an init that began the cluster itself', () => {
    beforeEach(() => {
      cluster.apiServers.clear();
      cluster.target.marker = `${renderMarker({ operation: init.operation, run: testRun, cluster: 'prod', at: '', state: 'begun' })}\n`;
      cluster.nodes.clear();
    });
    test('cleans it, also when it serves already', async () => {
      const { checked } = await checkTarget(cluster, init);
      expect(checked.ownAttempt).toBe(true);
      cluster.apiServers.set('cp1', 'ready');
      cluster.nodes.set('cp1', nodeFacts('cp1'));
      expect(await resetHost(checked, init)).toMatch(/read again: clean$/);
    });
    test('R3: touches nothing when another host has joined it since it was checked', async () => {
      const { checked } = await checkTarget(cluster, init);
      cluster.apiServers.set('cp1', 'ready');
      for (const name of ['cp1', 'w1']) cluster.nodes.set(name, nodeFacts(name));
      await expectUntouched(
        resetHost(checked, init),
        /^w1 has joined the cluster on cp1 since cp1 was checked/,
        present(),
      );
    });
  });
});

describe('what an earlier operation left running', () => {
  const running = 'quorate-join-0f3c5a7b9d1e.service';
  const stopEarlier = (units: readonly string[] = [running]) =>
    activityEnvironment().run(() =>
      hostActivities(cluster.dependencies).stopEarlier(context, checkedFacts({ units: [...units] })),
    );

  test('is stopped, and its configuration goes; what has ended is left', async () => {
    cluster.target.units.set(running, { argv: 'kubeadm join', exitStatus: undefined, log: '' });
    cluster.target.units.set('quorate-reset-1a1a1a1a1a1a.service', { argv: 'kubeadm reset', exitStatus: 0, log: '' });
    expect(await stopEarlier()).toBe(`stopped ${running}`);
    expect(cluster.events).toEqual([`cp3: stop ${running}`, 'cp3: remove other configurations']);
  });

  test('may have ended by itself', async () => {
    expect(await stopEarlier()).toBe('nothing of it runs any more');
    expect(cluster.events).toEqual(['cp3: remove other configurations']);
  });

  test('R3: is left running, all of it, when something was started since the host was checked', async () => {
    const since = 'quorate-join-1b1b1b1b1b1b.service';
    for (const unit of [running, since])
      cluster.target.units.set(unit, { argv: 'kubeadm join', exitStatus: undefined, log: '' });
    await expect(stopEarlier()).rejects.toMatchObject({
      type: 'ChangedSinceCheck',
      message: `${since} was started on cp3 since it was checked; nothing was stopped`,
      details: { evidence: [`${running} is running`, `${since} is running`] },
    });
    expect(cluster.events).toEqual([]);
  });

  test('that does not end is an error', async () => {
    cluster.target.units.set(running, { argv: 'kubeadm join', exitStatus: undefined, log: '' });
    cluster.target.units.delete = () => false;
    await expect(stopEarlier()).rejects.toMatchObject({ type: 'CommandFailed' });
  });
});
