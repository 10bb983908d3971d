import { beforeEach, describe, expect, test } from 'vitest';
import type { Before } from '../../src/activities/contract.js';
import { undoActivities } from '../../src/activities/undo.js';
import type { OperationContext } from '../../src/model/operation.js';
import { activityEnvironment, testRun } from '../support/activity-environment.js';
import { etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';
import { unitOfRun } from '../support/unit-of-run.js';

const id = (name: string): string => etcdMember(name).id;
const context = operationContext();
const worker = operationContext({ kind: 'join-worker' });
const init = operationContext({ kind: 'init' });
const marker = ({ operation, cluster }: OperationContext): string =>
  `${JSON.stringify({ operation, run: testRun, cluster, at: '2026-01-05T08:00:00Z', state: 'begun' })}\n`;
const joined = ['etcd-data yes', 'kubelet-state pki', 'kubernetes-file etc/kubernetes/kubelet.conf'];

let cluster: SimulatedCluster;
beforeEach(() => {
  cluster = simulatedCluster();
  cluster.target.dirt = [...joined];
  begun(context);
});
/** The operation has begun kubeadm on the host, and it runs. */
const begun = (of: OperationContext): void => {
  const step = of.kind === 'init' ? 'init' : 'join';
  cluster.target.marker = marker(of);
  cluster.target.units.clear();
  cluster.target.units.set(unitOfRun(of, step), {
    argv: `kubeadm ${step}`,
    exitStatus: undefined,
    log: 'joining\n',
    description: `quorate ${of.operation} ${testRun}`,
  });
};
const undoJoin = (of: OperationContext = context, before: Partial<Before> = {}): Promise<string> =>
  activityEnvironment().run(() =>
    undoActivities(cluster.dependencies).undoJoin(of, { machineId: cluster.target.machineId, ...before }),
  );
const stop = (of: OperationContext, host: string): string[] =>
  Array.from({ length: of.round + 1 }, (_, index) => of.round - index).map(
    (round) => `${host}: stop ${unitOfRun(of, of.kind === 'init' ? 'init' : 'join', { round })}`,
  );
/** What is on the host is marked as this run's own. */
const expectMarked = (of: OperationContext = context): void =>
  expect(JSON.parse(cluster.target.marker ?? 'null')).toMatchObject({
    operation: of.operation,
    run: testRun,
    state: 'begun',
  });

describe('undoing the join of a control plane', () => {
  test('stops kubeadm, removes the member from a survivor, and only then resets the host and deletes the Node', async () => {
    const notes = await undoJoin();
    expect(cluster.events).toEqual([
      ...stop(context, 'cp3'),
      `cp1: member remove ${id('cp3')}`,
      'cp3: write the marker',
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
    expectMarked();
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
    await undoJoin(context, { nodeUid: nodeFacts('cp3').uid });
    expect(cluster.nodes.has('cp3')).toBe(true);

    cluster.target.marker = marker(context);
    cluster.target.dirt = [...joined];
    await undoJoin(context, { nodeUid: 'the uid before' });
    expect(cluster.nodes.has('cp3')).toBe(false);
  });

  const expectUntouched = (found: string | undefined): void => {
    expect(cluster.events).toEqual(stop(context, 'cp3'));
    expect(cluster.target.dirt).toEqual(joined);
    expect(cluster.target.marker).toBe(found);
    expect(cluster.members).toHaveLength(3);
    expect(cluster.nodes.has('cp3')).toBe(true);
  };

  test.each([
    ['none', undefined, 'it carries no marker of this operation'],
    [
      'that of another operation',
      marker(operationContext({ key: 'k2' })),
      'its marker is that of prod/join-control-plane/cp3/k2',
    ],
  ])('does nothing but stop kubeadm when the marker on the host is %s', async (_, found, because) => {
    cluster.target.marker = found;
    expect(await undoJoin()).toBe(
      `left the etcd member cp3 (id ${id('cp3')}): it is not of this operation; cp3 was not reset: ${because}`,
    );
    expectUntouched(found);
  });

  test('does nothing but stop kubeadm when the marker on the host is half of one, and says what to do about it', async () => {
    cluster.target.marker = '{"operation": "prod/jo';
    await expect(undoJoin()).rejects.toMatchObject({
      type: 'CommandFailed',
      message: 'the marker on cp3 cannot be read: whose the host is, is not known',
      details: { host: 'cp3', evidence: ['/var/lib/quorate/marker.json {"operation": "prod/jo'] },
    });
    expectUntouched('{"operation": "prod/jo');
  });

  test('does nothing but stop kubeadm when there is neither a marker nor anything else on the host', async () => {
    cluster.target.marker = undefined;
    cluster.target.dirt = [];
    cluster.members = [etcdMember('cp1'), etcdMember('cp2')];
    cluster.nodes.delete('cp3');
    expect(await undoJoin()).toBe('kubeadm was not started: nothing to undo on the host');
    expect(cluster.events).toEqual(stop(context, 'cp3'));
  });

  test('resets nothing while the member cannot be removed: a wiped voter would count against the quorum', async () => {
    const { status: _, ...deadCp2 } = etcdMember('cp2');
    cluster.members = [etcdMember('cp1'), deadCp2, etcdMember('cp3')];
    await expect(undoJoin()).rejects.toMatchObject({ type: 'QuorumAtRisk' });
    expect(cluster.events).toEqual(stop(context, 'cp3'));
    expect(cluster.target.dirt).toEqual(joined);
    expectMarked();
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
    begun(worker);
    cluster.nodes.set('w2', nodeFacts('w2'));
    // Its name is nobody's in etcd; were it asked, a broken etcd would keep the worker from being undone.
    cluster.members = [];
    expect(await undoJoin(worker)).toMatch(/^kubeadm reset succeeded; .*; deleted the Node w2$/);
    expect(cluster.events).toEqual([
      ...stop(worker, 'w2'),
      'w2: write the marker',
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
    activityEnvironment().run(() =>
      undoActivities(cluster.dependencies).undoInit(init, { machineId: cluster.target.machineId }),
    );

  test('stops kubeadm and resets the host; there is no cluster to ask', async () => {
    begun(init);
    cluster.apiServers.clear();
    expect(await undoInit()).toMatch(/read again: clean$/);
    expect(cluster.events.slice(0, 3)).toEqual([...stop(init, 'cp1'), 'cp1: write the marker', 'cp1: kubeadm reset']);
    expect(cluster.target.dirt).toEqual([]);
    expect(cluster.target.marker).toBeUndefined();
  });

  test('resets nothing that another operation wrote', async () => {
    expect(await undoInit()).toBe('cp1 was not reset: its marker is that of prod/join-control-plane/cp3/k1');
    expect(cluster.events).toEqual(stop(init, 'cp1'));
    expect(cluster.target.dirt).toEqual(joined);
  });
});
