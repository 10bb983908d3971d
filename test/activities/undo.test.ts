import { beforeEach, describe, expect, test } from 'vitest';
import type { Before } from '../../activities/contract.js';
import { undoActivities } from '../../activities/undo.js';
import type { OperationContext } from '../../model/operation.js';
import { oldCa, prodCa } from '../adapters/host/certificates.js';
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
const caLines = (pem: string): string[] =>
  pem
    .trim()
    .split('\n')
    .map((line) => `ca-pem ${line}`);
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
const expectMarked = (state: 'begun' | 'undoing', of: OperationContext = context): void =>
  expect(JSON.parse(cluster.target.marker ?? 'null')).toMatchObject({
    operation: of.operation,
    run: testRun,
    state,
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
    expectMarked('undoing');
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

  test('R5: what a host does not know that was made another cluster meanwhile, another host is asked about', async () => {
    const known = { ...context, caHash: prodCa.hash };
    for (const name of ['cp1', 'cp2']) cluster.otherCas.set(name, prodCa.pem);
    let times = 0;
    cluster.instead = (host, { script }) => {
      if (host !== 'cp1' || !/\/api\/v1\/nodes\/cp3'?$/m.test(script)) return undefined;
      times += 1;
      // Somebody has made it another cluster, which has no such Node.
      cluster.otherCas.set('cp1', oldCa.pem);
      cluster.nodes.delete('cp3');
      return undefined;
    };
    await expect(undoJoin(known)).rejects.toMatchObject({
      type: 'ApiUnavailable',
      message: 'cp1 did not stay a ready API server of prod',
    });
    expect(times).toBe(1);
    cluster.nodes.set('cp3', nodeFacts('cp3'));
    expect(await undoJoin(known)).toMatch(/deleted the Node cp3$/);
    expect(cluster.events.at(-2)).toBe(`cp2: delete Node cp3 ${nodeFacts('cp3').uid}`);
  });

  test('resets nothing while the member cannot be removed: a wiped voter would count against the quorum', async () => {
    const { status: _, ...deadCp2 } = etcdMember('cp2');
    cluster.members = [etcdMember('cp1'), deadCp2, etcdMember('cp3')];
    await expect(undoJoin()).rejects.toMatchObject({ type: 'QuorumAtRisk' });
    expect(cluster.events).toEqual(stop(context, 'cp3'));
    expect(cluster.target.dirt).toEqual(joined);
    expectMarked('begun');
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

describe('R5: undoing a join on a host that is no longer what the operation left', () => {
  const { status: _status, ...deadCp3 } = etcdMember('cp3');
  const oldMachine = 'c3'.repeat(16);
  const asleep = nodeFacts('cp3', { ready: false, notReadyBecause: 'Unknown: gone' });
  const before: Before = { machineId: oldMachine };
  const undo = (of = context, from = before): Promise<string> =>
    activityEnvironment().run(() => undoActivities(cluster.dependencies).undoJoin(of, from));
  const installedAnew = (): void => {
    cluster.target.machineId = 'aa'.repeat(16);
    cluster.target.marker = undefined;
    cluster.target.dirt = [];
    cluster.target.units.clear();
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), deadCp3];
    cluster.nodes.set('cp3', asleep);
  };
  const another = `it is another machine now (machine-id ${'aa'.repeat(16)}, was ${oldMachine})`;
  const removed = `removed the etcd member cp3 (id ${id('cp3')}) that the join had added: voters 3 → 2, tolerates 1 → 0 (healthy 2 of 3 → 2 of 2)`;

  test('that was installed anew takes its dead voter and its Node away, and says that the host was not reset', async () => {
    installedAnew();
    expect(await undo()).toBe(`${removed}; deleted the Node cp3; cp3 was not reset: ${another}`);
    expect(cluster.events).toEqual([
      ...stop(context, 'cp3'),
      `cp1: member remove ${id('cp3')}`,
      `cp1: delete Node cp3 ${asleep.uid}`,
    ]);
    expect(cluster.members.map(({ name }) => name)).toEqual(['cp1', 'cp2']);
    // Once more: nothing is left, and the host is still not what it was.
    cluster.events.length = 0;
    expect(await undo()).toBe('kubeadm was not started: nothing to undo on the host');
    expect(cluster.events).toEqual(stop(context, 'cp3'));
  });

  test('that was installed anew leaves a Node of before the operation', async () => {
    installedAnew();
    expect(await undo(context, { ...before, nodeUid: asleep.uid })).toBe(`${removed}; cp3 was not reset: ${another}`);
    expect(cluster.nodes.has('cp3')).toBe(true);
  });

  test('that was installed anew, and made a node of another cluster, is left; its dead voter goes', async () => {
    installedAnew();
    cluster.target.dirt = [...joined, 'ca-file /etc/kubernetes/pki/ca.crt', ...caLines(oldCa.pem)];
    expect(await undo()).toBe(`${removed}; deleted the Node cp3; cp3 was not reset: ${another}`);
    expect(cluster.target.dirt).toContain('etcd-data yes');
  });

  test('does not cost the quorum: a dead voter that cannot go now stays, and so does its Node', async () => {
    installedAnew();
    const { status: _, ...deadCp2 } = etcdMember('cp2');
    cluster.members = [etcdMember('cp1'), deadCp2, deadCp3];
    await expect(undo()).rejects.toMatchObject({ type: 'QuorumAtRisk' });
    expect(cluster.events).toEqual(stop(context, 'cp3'));
    expect(cluster.nodes.has('cp3')).toBe(true);
  });

  test('of a worker that was installed anew takes its Node away', async () => {
    installedAnew();
    cluster.members = [];
    cluster.nodes.set('w2', nodeFacts('w2', { ready: false, machineId: oldMachine }));
    expect(await undo(worker)).toBe(`deleted the Node w2; w2 was not reset: ${another}`);
  });

  const left = `left the etcd member cp3 (id ${id('cp3')}): it is not of this operation`;
  test.each([
    [
      'was installed anew and joined by hand: its member answers',
      () => {
        installedAnew();
        cluster.members = ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name));
        cluster.target.dirt = [...joined];
        cluster.nodes.set('cp3', nodeFacts('cp3', { machineId: 'aa'.repeat(16) }));
      },
      another,
    ],
    [
      'was installed anew and is being joined by hand: its member has not started',
      () => {
        installedAnew();
        cluster.target.dirt = [...joined];
      },
      another,
    ],
    [
      'was reset and joined by hand',
      () => {
        cluster.target.marker = undefined;
      },
      'it carries no marker of this operation',
    ],
    [
      'was joined by hand with the marker still on it',
      () => {
        const now = Math.floor(Date.now() / 1_000);
        cluster.target.nodeIdentity = [`/etc/kubernetes/pki/ca.crt 9:${now + 300}:1107`];
        cluster.target.units.set(unitOfRun(context, 'join'), {
          argv: 'kubeadm join',
          exitStatus: 0,
          log: 'joined\n',
          logTime: now,
        });
      },
      "its node was made 300.0 s after this operation's kubeadm had ended",
    ],
    [
      'was begun by another run of the operation',
      () => {
        cluster.target.marker = marker(context).replace(testRun, 'another run');
      },
      `its marker is that of ${context.operation}`,
    ],
  ])('leaves what somebody has done since: it %s', async (_, change, because) => {
    change();
    const present = structuredClone([cluster.members, [...cluster.nodes], cluster.target.dirt, cluster.target.marker]);
    expect(await undo()).toBe(`${left}; cp3 was not reset: ${because}`);
    expect([cluster.members, [...cluster.nodes], cluster.target.dirt, cluster.target.marker]).toEqual(present);
    expect(cluster.events.filter((event) => !event.includes(': stop '))).toEqual([]);
  });

  test('leaves a Node that stands for another machine by now', async () => {
    installedAnew();
    cluster.nodes.set('cp3', { ...asleep, machineId: 'aa'.repeat(16) });
    expect(await undo()).toBe(`${removed}; cp3 was not reset: ${another}`);
    expect(cluster.nodes.has('cp3')).toBe(true);
  });

  test('resets its own work, and leaves the Node that stands for another machine by now', async () => {
    cluster.nodes.set('cp3', nodeFacts('cp3', { machineId: 'aa'.repeat(16) }));
    expect(await undo()).toMatch(
      /read again: clean; left the Node cp3: it stands for another machine \(machine-id aaaa/,
    );
    expect(cluster.target.dirt).toEqual([]);
    expect(cluster.nodes.has('cp3')).toBe(true);
    expect(cluster.target.marker).toBeUndefined();
  });

  test.each([
    ['another machine', () => (cluster.target.machineId = 'aa'.repeat(16))],
    ['somebody’s by now', () => (cluster.target.marker = '{"operation":"x","cluster":"x","at":""}\n')],
    ['a node of somebody', () => (cluster.target.nodeIdentity = ['/etc/kubernetes/pki/ca.crt 9:1:1'])],
  ])('resets nothing on a host that is %s after it was read', async (_, change) => {
    cluster.instead = (host, { script }) => {
      if (host === 'cp3' && script.includes('systemd-run')) change();
      return undefined;
    };
    await expect(undo()).rejects.toMatchObject({ type: 'ChangedSinceCheck' });
    expect(cluster.events).not.toContain('cp3: kubeadm reset');
    expect(cluster.target.dirt).toEqual(joined);
  });

  test('stops the commands of other runs of the operation, and of no other operation', async () => {
    const unit = (run: string, of = context) => ({
      argv: 'kubeadm join',
      exitStatus: 0,
      log: '',
      description: `quorate ${of.operation} ${run}`,
    });
    const other = operationContext({ key: 'k2' });
    cluster.target.units.set(unitOfRun(context, 'join', { run: 'r0' }), unit('r0'));
    cluster.target.units.set(unitOfRun(other, 'join', { run: 'r0' }), unit('r0', other));
    await undo();
    expect(cluster.events.filter((event) => event.includes(': stop '))).toEqual([
      ...stop(context, 'cp3'),
      `cp3: stop ${unitOfRun(context, 'join', { run: 'r0' })}`,
    ]);
  });

  test('finds the reset of an attempt before it, rather than ending it', async () => {
    const step = unitOfRun(context, 'undo-reset');
    const description = `quorate ${context.operation} ${testRun}`;
    cluster.target.units.set(step, { argv: 'kubeadm reset', exitStatus: 0, log: '', description });
    expect(await undo()).toMatch(/kubeadm reset succeeded; .*read again: clean/);
    expect(cluster.events).not.toContain(`cp3: stop ${step}`);
    expect(cluster.events).not.toContain('cp3: kubeadm reset');
  });

  test('R12: in a new round begins a reset of its own', async () => {
    cluster.target.units.set(unitOfRun(context, 'undo-reset'), { argv: 'kubeadm reset', exitStatus: 0, log: '' });
    await undo({ ...context, round: 1 });
    expect(cluster.events).toContain('cp3: kubeadm reset');
  });
});

describe('undoing the join of a worker', () => {
  test('does not look at etcd', async () => {
    begun(worker);
    cluster.nodes.set('w2', nodeFacts('w2', { machineId: cluster.target.machineId }));
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

  const withoutEtcdData = ['kubelet-state pki', 'kubernetes-file etc/kubernetes/kubelet.conf'];

  test('stops kubeadm and resets the host; there is no cluster to ask', async () => {
    begun(init);
    cluster.apiServers.clear();
    cluster.target.dirt = [...withoutEtcdData];
    expect(await undoInit()).toMatch(/read again: clean$/);
    expect(cluster.events.slice(0, 3)).toEqual([...stop(init, 'cp1'), 'cp1: write the marker', 'cp1: kubeadm reset']);
    expect(cluster.target.dirt).toEqual([]);
    expect(cluster.target.marker).toBeUndefined();
  });

  test('R3: refuses when other Nodes are in the cluster by now', async () => {
    begun(init);
    await expect(undoInit()).rejects.toMatchObject({
      type: 'AlreadyInitialised',
      message: 'prod has other Nodes by now: cp2, cp3, w1; it was not reset',
      details: {
        host: 'cp1',
        remedy: expect.stringContaining('keep the cluster') as string,
        evidence: ['Node cp2: Ready', 'Node cp3: Ready', 'Node w1: Ready'],
      },
    });
    expect(cluster.events).toEqual(stop(init, 'cp1'));
    expect(cluster.target.dirt).toEqual(joined);
    for (const name of ['cp2', 'cp3', 'w1']) cluster.nodes.delete(name);
    expect(await undoInit()).toMatch(/read again: clean$/);
  });

  test('R3: where the API server is not ready, etcd tells of other Nodes', async () => {
    begun(init);
    cluster.apiServers.set('cp1', 'not-ready');
    await expect(undoInit()).rejects.toMatchObject({
      type: 'AlreadyInitialised',
      details: {
        evidence: expect.arrayContaining(['Node w1: as etcd has it; the API server is not ready']) as string[],
      },
    });
    expect(cluster.target.dirt).toEqual(joined);
    for (const name of ['cp2', 'cp3', 'w1']) cluster.nodes.delete(name);
    expect(await undoInit()).toMatch(/read again: clean$/);
  });

  test('R3: resets nothing while neither its API server nor its etcd tells whether others have joined', async () => {
    begun(init);
    cluster.apiServers.set('cp1', 'silent');
    cluster.instead = (_, { script }) =>
      script.includes('--keys-only') ? { code: 1, stderr: 'Error: context deadline exceeded' } : undefined;
    await expect(undoInit()).rejects.toMatchObject({
      type: 'EtcdUnavailable',
      message: expect.stringMatching(/^whether prod has other Nodes cannot be told on cp1: /) as string,
      details: { host: 'cp1', remedy: expect.stringContaining('kubeadm reset') as string },
    });
    expect(cluster.events).toEqual(stop(init, 'cp1'));
    expect(cluster.target.dirt).toEqual(joined);
    // What its own reset has left half done asks nobody any more.
    cluster.target.marker = marker(init).replace('begun', 'undoing');
    expect(await undoInit()).toMatch(/read again: clean$/);
  });

  test('R5: resets nothing on a host that was installed anew', async () => {
    begun(init);
    cluster.apiServers.clear();
    cluster.target.machineId = 'aa'.repeat(16);
    const undo = activityEnvironment().run(() =>
      undoActivities(cluster.dependencies).undoInit(init, { machineId: 'c3'.repeat(16) }),
    );
    expect(await undo).toMatch(/^cp1 was not reset: it is another machine now/);
    expect(cluster.target.dirt).toEqual(joined);
  });

  test('R1: resets nothing that an earlier run has made', async () => {
    begun(init);
    cluster.apiServers.clear();
    cluster.target.marker = marker(init).replace(testRun, 'another run');
    expect(await undoInit()).toBe(`cp1 was not reset: its marker is that of ${init.operation}`);
    expect(cluster.target.dirt).toEqual(joined);
  });

  test('R5: takes half a marker for no proof, in either direction', async () => {
    begun(init);
    cluster.target.marker = marker(init).slice(0, 20);
    await expect(undoInit()).rejects.toMatchObject({ type: 'CommandFailed' });
    expect(cluster.target.dirt).toEqual(joined);
  });

  test('resets nothing that another operation wrote', async () => {
    expect(await undoInit()).toBe('cp1 was not reset: its marker is that of prod/join-control-plane/cp3/k1');
    expect(cluster.events).toEqual(stop(init, 'cp1'));
    expect(cluster.target.dirt).toEqual(joined);
  });
});
