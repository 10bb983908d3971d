import { beforeEach, describe, expect, test } from 'vitest';
import { hostActivities, readTarget, resetToClean } from '../../src/activities/host.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { checkedFacts, etcdMember, operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';
import { identityOf } from '../support/simulated-target.js';

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
    return resetToClean(cluster.dependencies, context, { purpose, ownAttempt: false, before, judged: before });
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

test('the activity of the step resets for a join', async () => {
  cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
  const checked = checkedFacts({ identity: identityOf(cluster.target) });
  await activityEnvironment().run(() => hostActivities(cluster.dependencies).resetHost(context, checked));
  expect(unitSteps()).toEqual(['reset']);
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

  test('that does not end is an error', async () => {
    cluster.target.units.set(running, { argv: 'kubeadm join', exitStatus: undefined, log: '' });
    cluster.target.units.delete = () => false;
    await expect(stopEarlier()).rejects.toMatchObject({ type: 'CommandFailed' });
  });
});
