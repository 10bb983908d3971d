import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { UnitOutcome } from '../../model/facts/unit-outcome.js';
import { QuorateError } from '../../model/failures/failure.js';
import type { FailureType } from '../../model/failures/failure.js';
import type { OperationContext } from '../../model/operation.js';
import { clusterFacts, leftovers, nodeFacts, operationContext } from '../support/facts.js';
import { changingActivities, readingActivities } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import type { Behaviour } from '../support/scripted-activities.js';
import { hostOf, joinFacts, ownAttempt } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, endedUnasked, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('kubeadm');

const outcome =
  (change: Partial<UnitOutcome>): Behaviour<'runKubeadm'> =>
  async (otherwise) => ({ ...(await otherwise()), ...change });
const failed = (
  type: FailureType,
  message = `${type} says kubeadm`,
  evidence = ['[kubelet-check] timed out'],
): Partial<UnitOutcome> => ({
  state: 'failed',
  exitStatus: 1,
  phase: 'kubelet-wait-bootstrap',
  failure: { type, message, remedy: `mend ${type}`, evidence },
});

describe.concurrent('the world decides what a kubeadm that did not succeed has done', () => {
  test('control plane: a voter with a bootstrapped kubelet and a Node has joined, whatever the exit status', async () => {
    const context = operationContext({ cluster: uniqueName('joined') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', outcome(failed('KubeadmFailed')));
    script.world.join = joinFacts({ member: 'voter', kubeletBootstrapped: true, node: nodeFacts('cp3') });
    const handle = await harness().start(context);
    expect(await endedUnasked(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(8)).toEqual([
      'runKubeadm',
      'readJoin',
      'proveControlPlane',
      'enableBackend',
      'revokeCredentials',
    ]);
    const join = (await progressOf(handle)).steps.find(({ id }) => id === 'join');
    expect(join?.note).toBe(
      'kubeadm failed (exit status 1) at "kubelet-wait-bootstrap", but cp3 has joined: going on with the proof',
    );
  });

  test('worker: no member is needed', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('worker') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', outcome({ state: 'killed' }));
    script.world.join = joinFacts({ kubeletBootstrapped: true, node: nodeFacts('w2', { ready: false }) });
    expect(await endedUnasked(await harness().start(context))).toMatchObject({ status: 'completed' });
  });

  test.for([
    ['nobody-reaches-it', 'TlsBootstrapStuck', 'LoadBalancerUnavailable', 'nobody reaches a ready API server'],
    ['not-from-the-host', 'KubeadmFailed', 'EndpointUnreachable', 'w2 does not reach a ready API server'],
    ['nobody-reaches-it', 'ClockSkew', 'ClockSkew', 'ClockSkew says kubeadm'],
    ['reached', 'TlsBootstrapStuck', 'TlsBootstrapStuck', 'TlsBootstrapStuck says kubeadm'],
  ] as const)('endpoint %s: %s is %s', async ([endpoint, said, expected, message]) => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('endpoint') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', outcome(failed(said)));
    script.world.join = joinFacts({ endpoint });
    const handle = await harness().start(context);
    const reason = await blocked(handle);
    expect(reason).toMatchObject({ type: expected, step: 'join' });
    expect(reason.message).toContain(message);
    // What kubeadm said is not lost.
    expect(reason.message).toContain(`${said} says kubeadm`);
    await handle.terminate('enough seen');
  });

  test.each([
    [
      'MemberNotVoter',
      'activating',
      'unstarted',
      'KubeletNotRunning',
      'the kubelet on cp3 does not run (activating), so its etcd never started; MemberNotVoter says kubeadm',
    ],
    [
      'KubeadmFailed',
      'activating',
      'unstarted',
      'KubeletNotRunning',
      'the kubelet on cp3 does not run (activating), so its etcd never started; KubeadmFailed says kubeadm',
    ],
    ['KubeadmFailed', 'active', 'unstarted', 'KubeadmFailed', 'KubeadmFailed says kubeadm'],
    ['MemberNotVoter', 'active', 'unstarted', 'MemberNotVoter', 'MemberNotVoter says kubeadm'],
    ['MemberNotVoter', 'activating', 'learner', 'MemberNotVoter', 'MemberNotVoter says kubeadm'],
  ] as const)(
    '%s, kubelet %s, member %s: a member that kubeadm waited for in vain is %s',
    async (said, kubelet, member, type, message) => {
      const context = operationContext({ cluster: uniqueName('kubelet') });
      const script = harness().script(context.cluster);
      script.on('runKubeadm', outcome(failed(said)));
      script.world.join = joinFacts({ member, kubelet });
      const handle = await harness().start(context);
      expect(await blocked(handle)).toMatchObject({ type, message });
      await handle.terminate('enough seen');
    },
  );

  test.each([
    ['voter', /cp3 votes in etcd already, .* does not reset it$/],
    ['learner', /the operation cleans the host first$/],
    ['none', /the operation cleans the host first$/],
  ] as const)('killed, member %s: what a retry does is said as it is', async (member, remedy) => {
    const context = operationContext({ cluster: uniqueName('killed') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', outcome({ state: 'killed' }));
    script.world.join = joinFacts({ member, kubeletBootstrapped: false });
    const handle = await harness().start(context);
    expect(await blocked(handle)).toMatchObject({
      type: 'KubeadmFailed',
      remedy: expect.stringMatching(remedy) as string,
    });
    await handle.terminate('enough seen');
  });

  test('init: nobody else can be asked, so its own words are told, and a retry reads the host anew', async () => {
    const context = operationContext({ kind: 'init', cluster: uniqueName('init') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', outcome(failed('KubeadmFailed', 'the API server did not come up')));
    const handle = await harness().start(context);
    expect(await blocked(handle)).toMatchObject({
      type: 'KubeadmFailed',
      step: 'init',
      message: 'the API server did not come up',
      evidence: ['[kubelet-check] timed out', 'log on cp1: /var/log/quorate/init-0.log'],
    });
    expect(script.names()).not.toContain('readJoin');
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.callsOf('readHost')).toHaveLength(2);
  });

  test('of many lines the last are shown: there kubeadm says what ended it', async () => {
    const context = operationContext({ kind: 'init', cluster: uniqueName('lines') });
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    harness()
      .script(context.cluster)
      .on('runKubeadm', outcome(failed('KubeadmFailed', 'it failed', lines)));
    const handle = await harness().start(context);
    expect((await blocked(handle)).evidence.slice(0, 10)).toEqual(lines.slice(10));
    await handle.terminate('enough seen');
  });

  test('joined by itself after it was given up: nothing is joined again, but the credentials are revoked', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('late') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', outcome(failed('KubeadmFailed')));
    const handle = await harness().start(context);
    await blocked(handle);
    const host = hostOf(context, leftovers(context.cluster));
    script.world.hosts['w2'] = host;
    script.world.cluster = clusterFacts({
      nodes: [nodeFacts('cp1'), nodeFacts('w2', { machineId: host.machineId, internalIp: context.target.address })],
    });
    const before = script.calls.length;
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(before + 3)).toEqual(['proveWorker', 'revokeCredentials']);
  });

  test.concurrent.for([
    ['a learner', joinFacts({ member: 'learner', kubeletBootstrapped: true, node: nodeFacts('cp3') })],
    [
      'a member that never started',
      joinFacts({ member: 'unstarted', kubeletBootstrapped: true, node: nodeFacts('cp3') }),
    ],
    ['a voter without a Node', joinFacts({ member: 'voter', kubeletBootstrapped: true })],
    ['a voter whose kubelet never got its certificate', joinFacts({ member: 'voter', node: nodeFacts('cp3') })],
    ['nothing at all', joinFacts()],
  ] as const)('control plane: %s has not joined', async ([, join]) => {
    const context = operationContext({ cluster: uniqueName('not') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', outcome(failed('KubeadmFailed', 'the wait timed out')));
    script.world.join = { ...join, evidence: ['CSR csr-1 is Pending'] };
    const handle = await harness().start(context);
    const reason = await blocked(handle);
    expect(reason).toMatchObject({
      type: 'KubeadmFailed',
      step: 'join',
      message: 'the wait timed out',
      remedy: 'mend KubeadmFailed',
      choices: ['retry', 'rollback', 'abort'],
    });
    expect(reason.evidence).toEqual([
      '[kubelet-check] timed out',
      `etcd member: ${join.member}; Node: ${join.node === undefined ? 'none' : 'Ready'}; certificate of the kubelet by this cluster: ${join.kubeletBootstrapped ? 'yes' : 'no'}`,
      'CSR csr-1 is Pending',
      'log on cp3: /var/log/quorate/join-control-plane-0.log',
    ]);
    await decide(handle, 'abort');
    expect(await ended(handle)).toMatchObject({ type: 'Aborted' });
  });

  test('an interrupted unit without a reason of its own means that the host was rebooted', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('rebooted') });
    harness()
      .script(context.cluster)
      .on('runKubeadm', outcome({ state: 'interrupted' }));
    const handle = await harness().start(context);
    expect(await blocked(handle)).toMatchObject({
      type: 'HostRebooted',
      message: expect.stringContaining('w2') as unknown,
    });
    await handle.terminate('enough seen');
  });
});

describe.concurrent('credentials that were rejected', () => {
  const rejected = outcome(failed('CredentialRejected', 'token abcdef is not signed'));

  test('are made again once, from reading on, without asking anybody', async () => {
    const context = operationContext({ cluster: uniqueName('again') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', rejected);
    const handle = await harness().start(context);
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions).toEqual([]);
    const again = script.calls.findIndex(({ activity }) => activity === 'readJoin') + 1;
    expect(
      script
        .names()
        .slice(again, again + 3)
        .toSorted(),
    ).toEqual(readingActivities);
    expect(script.names().slice(again + 3)).toEqual(changingActivities('join-control-plane'));
    const rounds = script.callsOf('createCredentials').map(({ args }) => (args[0] as OperationContext).round);
    expect(rounds).toEqual([0, 1]);
  });

  test('or the configuration of an init that a restart of the host has taken: it is written again', async () => {
    const context = operationContext({ kind: 'init', cluster: uniqueName('rewritten') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', rejected);
    const handle = await harness().start(context);
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions).toEqual([]);
    expect(script.callsOf('writeInitConfiguration')).toHaveLength(2);
  });

  test('a second time they block', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('twice') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', rejected, rejected, rejected);
    const handle = await harness().start(context);
    expect(await blocked(handle)).toMatchObject({ type: 'CredentialRejected', step: 'join' });
    expect(script.callsOf('createCredentials')).toHaveLength(2);
    // After a decision, too, there is no second try by itself.
    await decide(handle, 'retry');
    await blocked(handle, 1);
    expect(script.callsOf('createCredentials')).toHaveLength(3);
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  });
});

test.concurrent('what a failed join left on the host is reset before the next try', async () => {
  const context = operationContext({ cluster: uniqueName('cleaned') });
  const { cluster } = context;
  const script = harness().script(cluster);
  script.on('runKubeadm', async (otherwise) => {
    const answer = await otherwise();
    script.world.hosts['cp3'] = hostOf(context, leftovers(cluster, ownAttempt(context)));
    return { ...answer, ...failed('KubeadmFailed') };
  });
  const handle = await harness().start(context);
  await blocked(handle);
  const before = script.calls.length;
  await decide(handle, 'retry');
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
  expect(script.names().slice(before + 3)).toEqual(changingActivities('join-control-plane', 'dirty'));
  expect(script.callsOf('runKubeadm').map(({ args }) => (args[0] as OperationContext).round)).toEqual([0, 1]);
});

describe.concurrent('credentials', () => {
  const soon: Behaviour<'createCredentials'> = async (otherwise) => ({
    ...(await otherwise()),
    expiresAt: new Date(Date.now() + 60_000).toISOString(),
  });

  test('that have lapsed before kubeadm begins are made again', async () => {
    const context = operationContext({ cluster: uniqueName('lapsed') });
    const script = harness().script(context.cluster);
    script.on('createCredentials', soon);
    expect(await ended(await harness().start(context))).toMatchObject({ status: 'completed' });
    expect(script.names().slice(6, 11)).toEqual([
      'createCredentials',
      'registerBackend',
      'createCredentials',
      'registerBackend',
      'runKubeadm',
    ]);
  });

  test('of before a block are not used after it: they are made again with the world read anew', async () => {
    const context = operationContext({ cluster: uniqueName('blocked') });
    const script = harness().script(context.cluster);
    script.on('registerBackend', fails('Unreachable'));
    const handle = await harness().start(context);
    await blocked(handle);
    const before = script.calls.length;
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(before + 3)).toEqual(changingActivities('join-control-plane'));
  });

  test('that seem to lapse at once, by clocks that disagree, are made again only once', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('clocks') });
    const script = harness().script(context.cluster);
    script.on('createCredentials', soon, soon, soon);
    expect(await ended(await harness().start(context))).toMatchObject({ status: 'completed' });
    expect(script.callsOf('createCredentials')).toHaveLength(2);
  });

  test('of a kubeadm that has begun are not made again: it is found as it is', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('begun') });
    const script = harness().script(context.cluster);
    script.on('createCredentials', async (otherwise) => ({
      ...(await otherwise()),
      expiresAt: new Date(Date.now() + 601_500).toISOString(),
    }));
    script.on('runKubeadm', async () => {
      await sleep(2_000); // now they have lapsed
      throw new QuorateError('Unreachable', 'gone', { remedy: 'start it' });
    });
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.callsOf('createCredentials')).toHaveLength(1);
    expect(script.callsOf('runKubeadm')).toHaveLength(2);
  });
});
