import { describe, expect, test } from 'vitest';
import { keepOf } from '../../model/reset/keep.js';
import { operationKinds } from '../../model/operations.js';
import type { OperationContext } from '../../model/operation.js';
import type { OperationKind } from '../../model/operations.js';
import type { DecisionAction } from '../../model/progress.js';
import { caHash, clusterFacts, etcdMember, leftovers, nodeFacts, operationContext } from '../support/facts.js';
import { expectedSteps, expectedUndo } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import type { Script } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf, stepStates } from '../support/workflow-harness.js';

const harness = useHarness('rollback');

const start = async (kind: OperationKind, step: string) => {
  const context = operationContext({ kind, cluster: uniqueName(step) });
  const script = harness().script(context.cluster);
  const activity = expectedSteps[kind].find((one) => one.step === step)?.activity;
  if (activity === undefined) throw new Error(`no activity in ${step}`);
  script.on(activity, fails('CommandFailed'));
  const handle = await harness().start(context);
  await blocked(handle);
  return { context, script, handle, before: script.calls.length };
};

const undoable = operationKinds.flatMap((kind) =>
  expectedSteps[kind].flatMap(({ step }) => (expectedUndo(kind, step).length === 0 ? [] : [{ kind, step }])),
);

describe.concurrent('the decision rollback undoes in reverse order what was begun', () => {
  test.concurrent.for(undoable)('$kind, blocked at $step', async ({ kind, step }) => {
    const { script, handle, before, context } = await start(kind, step);
    await decide(handle, 'rollback', 'not today');
    const undo = expectedUndo(kind, step);
    expect(await ended(handle)).toMatchObject({
      status: 'failed',
      type: 'RolledBack',
      message: expect.stringMatching(/^rolled back by ann@desk; undone: /) as unknown,
      details: { type: 'CommandFailed' },
    });
    expect(script.names().slice(before)).toEqual(undo);
    const progress = await progressOf(handle);
    expect(progress).toMatchObject({
      outcome: 'rolled-back',
      decisions: [{ action: 'rollback', by: 'ann@desk', reason: 'not today' }],
    });
    expect(progress.blocked).toBeUndefined();
    const undone = progress.steps.filter(({ state }) => state === 'undone').map(({ id }) => id);
    expect(undone).toHaveLength(undo.length);
    for (const call of script.calls.slice(before))
      expect(call.args[0]).toEqual(kind === 'init' ? context : { ...context, caHash });
  });

  test('of a join tells the undo which machine and which Node were there before', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('uid') });
    const script = harness().script(context.cluster);
    const machineId = hostOf(context).machineId;
    const node = nodeFacts('w2', { uid: 'uid-of-the-old-node', ready: false, machineId, internalIp: '10.203.0.22' });
    script.world.cluster = clusterFacts({ nodes: [...clusterFacts().nodes, node] });
    script.on('runKubeadm', fails('CommandFailed'));
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'rollback');
    await ended(handle);
    expect(script.callsOf('undoJoin').map(({ args }) => args[1])).toEqual([
      { nodeUid: 'uid-of-the-old-node', machineId, keep: keepOf(hostOf(context), { reset: false }) },
    ]);
  });

  test.concurrent.for([
    ['in its second round takes away the Node that its first one made', false],
    ['takes away the Node of a host that it has reset', true],
  ] as const)('of a join %s', async ([, wasANode]) => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('uid') });
    const script = harness().script(context.cluster);
    const { machineId } = hostOf(context);
    const node = nodeFacts('w2', { uid: 'uid-of-its-node', ready: false, machineId, internalIp: '10.203.0.22' });
    const registered = (): void => {
      script.world.cluster = clusterFacts({ nodes: [...clusterFacts().nodes, node] });
      script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster));
    };
    script.on('runKubeadm', async (otherwise) => {
      registered(); // as a join leaves it that failed once the kubelet ran
      return { ...(await otherwise()), state: 'failed', exitStatus: 1 };
    });
    script.on('runKubeadm', fails('CommandFailed'));
    if (wasANode) registered();
    const handle = await harness().start(context);
    const decisions: DecisionAction[] = wasANode ? ['approve', 'retry', 'rollback'] : ['retry', 'approve', 'rollback'];
    for (const [index, action] of decisions.entries()) {
      await blocked(handle, index);
      await decide(handle, action);
    }
    await ended(handle);
    expect(script.callsOf('resetHost')).not.toHaveLength(0);
    const [before, ...others] = script.callsOf('undoJoin').map(({ args }) => args[1]);
    expect(others).toEqual([]);
    expect(before).toMatchObject({ machineId });
    expect(before).not.toHaveProperty('nodeUid');
  });

  test.concurrent.for([
    ['was enabled', 'DOWN', [], []],
    ['was disabled', 'MAINT', ['disableBackend'], ['removeBackend']],
    ['was not there', undefined, ['disableBackend', 'removeBackend'], []],
  ] as const)('a backend that %s before is left so', async ([, status, undone, left]) => {
    const context = operationContext({ cluster: uniqueName('before') });
    const script = harness().script(context.cluster);
    const own = { loadBalancer: 'lb1', name: 'cp3', address: '10.203.0.13:6443', status: status ?? '', lastCheck: '' };
    const { backends } = clusterFacts();
    script.world.cluster = clusterFacts({ backends: status === undefined ? backends : [...backends, own] });
    script.on('enableBackend', fails('BackendNotUp'));
    const handle = await harness().start(context);
    await blocked(handle);
    // As the operation itself has registered it by now.
    script.world.cluster = clusterFacts({ backends: [...backends, { ...own, status: 'MAINT' }] });
    await decide(handle, 'retry');
    script.on('enableBackend', fails('BackendNotUp'));
    await blocked(handle, 1);
    await decide(handle, 'rollback');
    await ended(handle);
    const of = (names: readonly string[]) => names.filter((name) => /^(disable|remove)Backend$/.test(name));
    expect(of(script.names()).toSorted()).toEqual([...undone].toSorted());
    for (const name of left) expect(script.names()).not.toContain(name);
  });

  test('a backend that could not be read before is left when it turns out to have been registered', async () => {
    const context = operationContext({ cluster: uniqueName('unread') });
    const script = harness().script(context.cluster);
    script.world.cluster = clusterFacts({ backends: [], backendsUnread: true });
    script.on('registerBackend', () => Promise.resolve('already registered on lb1'));
    script.on('runKubeadm', fails('CommandFailed'));
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'rollback');
    await ended(handle);
    expect(script.names()).toContain('undoJoin');
    expect(script.names()).not.toContain('removeBackend');
  });

  test('after a retry everything begun in any round is undone once, in the round of the last try', async () => {
    const { script, handle } = await start('join-worker', 'join');
    script.on('runKubeadm', fails('KubeadmFailed'));
    await decide(handle, 'retry');
    await blocked(handle, 1);
    const before = script.calls.length;
    await decide(handle, 'rollback');
    expect(await ended(handle)).toMatchObject({ type: 'RolledBack' });
    expect(script.names().slice(before)).toEqual(['undoJoin', 'revokeCredentials']);
    expect(script.callsOf('undoJoin')[0]?.args[0]).toMatchObject({ round: 1 });
  });
});

describe.concurrent('the decision abort leaves everything as it is', () => {
  test.concurrent.for(undoable)('$kind, blocked at $step', async ({ kind, step }) => {
    const { script, handle, before } = await start(kind, step);
    await decide(handle, 'abort');
    expect(await ended(handle)).toMatchObject({
      status: 'failed',
      type: 'Aborted',
      message: 'aborted by ann@desk while blocked by CommandFailed; everything is left as it is',
    });
    expect(script.calls).toHaveLength(before);
    const progress = await progressOf(handle);
    expect(progress.outcome).toBe('aborted');
    expect(stepStates(progress)[step]).toBe('failed');
  });
});

describe.concurrent('an undo that fails', () => {
  test('blocks with UndoFailed; a retry does it again and goes on with the rest', async () => {
    const { script, handle, before } = await start('join-control-plane', 'prove');
    script.on('undoJoin', fails('CommandFailed', { message: 'the disk is full', remedy: 'make room' }));
    await decide(handle, 'rollback');
    expect(await blocked(handle, 1)).toMatchObject({
      type: 'UndoFailed',
      step: 'join',
      message: 'take cp3 out of the cluster again and clean it could not be done: the disk is full',
      remedy: 'make room',
      choices: ['retry', 'skip', 'abort'],
    });
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'failed', type: 'RolledBack' });
    expect(script.names().slice(before)).toEqual(['undoJoin', 'undoJoin', 'removeBackend', 'revokeCredentials']);
    expect((await progressOf(handle)).outcome).toBe('rolled-back');
  });

  const rounds = (script: Script) =>
    script.calls
      .filter(({ activity }) => ['undoJoin', 'removeBackend', 'revokeCredentials'].includes(activity))
      .map(({ activity, args }) => [activity, (args[0] as OperationContext).round]);

  test('R12: is tried again in a new round, in which no unit of the try before is taken for its own', async () => {
    const { script, handle } = await start('join-control-plane', 'prove');
    script.on('undoJoin', fails('HostNotClean'), fails('CommandFailed'));
    await decide(handle, 'rollback');
    for (const decisions of [1, 2]) {
      await blocked(handle, decisions);
      await decide(handle, 'retry');
    }
    expect(await ended(handle)).toMatchObject({ type: 'RolledBack' });
    expect(rounds(script)).toEqual([
      ['undoJoin', 0],
      ['undoJoin', 1],
      ['undoJoin', 2],
      ['removeBackend', 2],
      ['revokeCredentials', 2],
    ]);
  });

  test('R12: is found again in its round when only sight of it was lost', async () => {
    const { script, handle } = await start('join-control-plane', 'prove');
    script.on('undoJoin', fails('Unreachable'), fails('CommandFailed'));
    await decide(handle, 'rollback');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'UndoFailed', step: 'join' });
    await decide(handle, 'retry');
    await blocked(handle, 2);
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ type: 'RolledBack' });
    expect(rounds(script).slice(0, 3)).toEqual([
      ['undoJoin', 0],
      ['undoJoin', 0],
      ['undoJoin', 1],
    ]);
  });

  test('given up: the rest is left as it is, and nobody says that it was rolled back', async () => {
    const { script, handle, before } = await start('join-control-plane', 'enable');
    script.on('undoJoin', fails('CommandFailed', { message: 'the disk is full', remedy: 'make room' }));
    await decide(handle, 'rollback');
    await blocked(handle, 1);
    await decide(handle, 'abort');
    expect(await ended(handle)).toMatchObject({
      status: 'failed',
      type: 'UndoFailed',
      message: expect.stringMatching(
        /^rolled back by ann@desk; undone: enable; the rest was left as it is: .*the disk is full$/,
      ) as unknown,
      details: { remedy: 'make room' },
    });
    expect(script.names().slice(before)).toEqual(['disableBackend', 'undoJoin']);
    const progress = await progressOf(handle);
    expect(progress.outcome).toBe('failed');
    expect(stepStates(progress)).toMatchObject({ enable: 'undone', join: 'failed', register: 'done' });
  });

  test('because it would risk the quorum says so', async () => {
    const { script, handle } = await start('join-control-plane', 'prove');
    script.on('undoJoin', fails('QuorumAtRisk', { message: 'cp2 does not answer' }));
    await decide(handle, 'rollback');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'QuorumAtRisk', choices: ['retry', 'skip', 'abort'] });
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ type: 'RolledBack' });
  });

  test('on a host out of reach is tried in place by its budget first', async () => {
    const context = operationContext({
      kind: 'join-worker',
      cluster: uniqueName('in-place'),
      policy: { unreachableBudgetMs: 60_000 },
    });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', fails('CommandFailed'));
    script.on('undoJoin', fails('Unreachable'));
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'rollback');
    expect(await ended(handle)).toMatchObject({ type: 'RolledBack' });
    expect(script.callsOf('undoJoin')).toHaveLength(2);
  });
});

describe.concurrent('a host that was a member before this operation', () => {
  test('keeps its backend when the proof is rolled back', async () => {
    const context = operationContext({ cluster: uniqueName('member') });
    const script = harness().script(context.cluster);
    const host = hostOf(context, leftovers(context.cluster, { etcdDataPresent: true }));
    script.world.hosts['cp3'] = host;
    script.world.cluster = clusterFacts({
      nodes: [...clusterFacts().nodes, nodeFacts('cp3', { machineId: host.machineId })],
      etcd: { askedAt: 'cp1', alarms: [], members: ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name)) },
    });
    script.on('enableBackend', fails('LoadBalancerUnavailable'));
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'rollback');
    expect(await ended(handle)).toMatchObject({ type: 'RolledBack' });
    expect(script.names().slice(3)).toEqual(['proveControlPlane', 'enableBackend']);
    const enable = (await progressOf(handle)).steps.find(({ id }) => id === 'enable');
    expect(enable).toMatchObject({ state: 'undone', note: 'left as it was: the host was a member before' });
  });
});
