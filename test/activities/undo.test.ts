import { beforeEach, describe, expect, test } from 'vitest';
import { kubeadmUnits } from '../../src/activities/kubeadm.js';
import { undoActivities } from '../../src/activities/undo.js';
import type { OperationContext } from '../../src/model/operation.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';

const id = (name: string): string => etcdMember(name).id;
const context = operationContext();
const worker = operationContext({ kind: 'join-worker' });
const init = operationContext({ kind: 'init' });
const marker = ({ operation, cluster }: OperationContext): string =>
  `${JSON.stringify({ operation, cluster, at: '2026-01-05T08:00:00Z' })}\n`;
const joined = ['etcd-data yes', 'kubelet-state pki', 'kubernetes-file etc/kubernetes/kubelet.conf'];

let cluster: SimulatedCluster;
beforeEach(() => {
  cluster = simulatedCluster();
  cluster.target.marker = marker(context);
  cluster.target.dirt = [...joined];
  for (const unit of kubeadmUnits(context))
    cluster.target.units.set(unit, { argv: 'kubeadm join', exitStatus: undefined, log: 'joining\n' });
});
const undoJoin = (of: OperationContext = context, nodeUidBefore?: string): Promise<string> =>
  activityEnvironment().run(() => undoActivities(cluster.dependencies).undoJoin(of, nodeUidBefore));
const stop = (of: OperationContext, host: string): string[] => kubeadmUnits(of).map((unit) => `${host}: stop ${unit}`);

describe('undoing the join of a control plane', () => {
  test('stops kubeadm, removes the member from a survivor, and only then resets the host and deletes the Node', async () => {
    const notes = await undoJoin();
    expect(cluster.events).toEqual([
      ...stop(context, 'cp3'),
      `cp1: member remove ${id('cp3')}`,
      'cp3: kubeadm reset',
      'cp3: deep clean',
      'cp3: remove the configuration',
      `cp1: delete Node cp3 ${nodeFacts('cp3').uid}`,
      'cp3: remove the marker',
    ]);
    expect(notes).toMatch(
      /^removed the etcd member cp3 .* that the join had added: .*; kubeadm reset succeeded; .*clean; deleted the Node cp3$/,
    );
  });

  test.each([
    ['could not be deleted', /delete --raw/],
    ['could not be read', /\/api\/v1\/nodes\/cp3'?$/m],
  ])('goes on when the Node %s: the host is marked until all is undone', async (_, command) => {
    let lost = false;
    cluster.instead = (_host, { script }) => {
      if (lost || !command.test(script)) return undefined;
      lost = true;
      return { end: { kind: 'lost', cause: 'read ECONNRESET' } };
    };
    await expect(undoJoin()).rejects.toMatchObject({ type: 'Unreachable' });
    expect(lost).toBe(true);
    expect(cluster.target.marker).toBe(marker(context));
    expect(await undoJoin()).toMatch(/deleted the Node cp3$/);
    expect(cluster.nodes.has('cp3')).toBe(false);
    expect(cluster.target.marker).toBeUndefined();
  });

  test('stops the units of every round', async () => {
    await undoJoin({ ...context, round: 2 });
    const stopped = cluster.events.filter((event) => event.startsWith('cp3: stop'));
    expect(new Set(stopped).size).toBe(3);
    expect(stopped).toEqual(stop({ ...context, round: 2 }, 'cp3'));
  });

  test('removes the learner of a join that did not get further', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), etcdMember('cp3', { isLearner: true })];
    expect(await undoJoin()).toMatch(/removed the learner cp3/);
    expect(cluster.members.map(({ name }) => name)).toEqual(['cp1', 'cp2']);
  });

  test('leaves a Node that was there before with the same uid, and deletes another', async () => {
    await undoJoin(context, nodeFacts('cp3').uid);
    expect(cluster.nodes.has('cp3')).toBe(true);

    cluster.target.marker = marker(context);
    cluster.target.dirt = [...joined];
    await undoJoin(context, 'the uid before');
    expect(cluster.nodes.has('cp3')).toBe(false);
  });

  test.each([
    ['none', undefined],
    ['half of one', '{"operation": "prod/jo'],
    ['that of another operation', marker(operationContext({ key: 'k2' }))],
  ])('does nothing but stop kubeadm when the marker on the host is %s', async (_, found) => {
    cluster.target.marker = found;
    expect(await undoJoin()).toBe('kubeadm was not started: nothing to undo on the host');
    expect(cluster.events).toEqual(stop(context, 'cp3'));
    expect(cluster.target.dirt).toEqual(joined);
    expect(cluster.members).toHaveLength(3);
    expect(cluster.nodes.has('cp3')).toBe(true);
  });

  test('resets nothing while the member cannot be removed: a wiped voter would count against the quorum', async () => {
    const { status: _, ...deadCp2 } = etcdMember('cp2');
    cluster.members = [etcdMember('cp1'), deadCp2, etcdMember('cp3')];
    await expect(undoJoin()).rejects.toMatchObject({ type: 'QuorumAtRisk' });
    expect(cluster.events).toEqual(stop(context, 'cp3'));
    expect(cluster.target.dirt).toEqual(joined);
    expect(cluster.target.marker).toBe(marker(context));
    expect(cluster.nodes.has('cp3')).toBe(true);
  });

  test('resets nothing while no survivor can say what etcd holds', async () => {
    cluster.apiServers.set('cp1', 'silent');
    cluster.down.add('cp2');
    await expect(undoJoin()).rejects.toMatchObject({ type: 'ApiUnavailable' });
    expect(cluster.events).toEqual(stop(context, 'cp3'));
    expect(cluster.target.dirt).toEqual(joined);
  });

  test('goes on where an attempt before it was lost, after the member was removed', async () => {
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    cluster.target.units.clear();
    await undoJoin();
    expect(cluster.events.filter((event) => event.includes('member'))).toEqual([]);
    expect(cluster.target.dirt).toEqual([]);
  });

  test('changes nothing the second time', async () => {
    await undoJoin();
    cluster.events.length = 0;
    expect(await undoJoin()).toMatch(/nothing to undo/);
    expect(cluster.events).toEqual(stop(context, 'cp3'));
  });
});

describe('undoing the join of a worker', () => {
  test('does not look at etcd', async () => {
    cluster.target.marker = marker(worker);
    cluster.nodes.set('w2', nodeFacts('w2'));
    // Its name is nobody's in etcd; were it asked, a broken etcd would keep the worker from being undone.
    cluster.members = [];
    expect(await undoJoin(worker)).toMatch(/^kubeadm reset succeeded; .*; deleted the Node w2$/);
    expect(cluster.events).toEqual([
      ...stop(worker, 'w2'),
      'w2: kubeadm reset',
      'w2: deep clean',
      'w2: remove the configuration',
      `cp1: delete Node w2 ${nodeFacts('w2').uid}`,
      'w2: remove the marker',
    ]);
  });
});

describe('undoing an init', () => {
  const undoInit = (): Promise<string> =>
    activityEnvironment().run(() => undoActivities(cluster.dependencies).undoInit(init));

  test('stops kubeadm and resets the host; there is no cluster to ask', async () => {
    cluster.target.marker = marker(init);
    cluster.apiServers.clear();
    expect(await undoInit()).toMatch(/read again: clean$/);
    expect(cluster.events.slice(0, 2)).toEqual([...stop(init, 'cp1'), 'cp1: kubeadm reset']);
    expect(cluster.target.dirt).toEqual([]);
    expect(cluster.target.marker).toBeUndefined();
  });

  test('resets nothing that another operation wrote', async () => {
    expect(await undoInit()).toMatch(/nothing to undo/);
    expect(cluster.events).toEqual(stop(init, 'cp1'));
    expect(cluster.target.dirt).toEqual(joined);
  });
});
