import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { names } from '../../model/messages.js';
import { operationKinds } from '../../model/operations.js';
import type { OperationContext } from '../../model/operation.js';
import type { HostFacts } from '../../model/facts/host-facts.js';
import { clusterFacts, etcdMember, leftovers, noCluster, nodeFacts, operationContext } from '../support/facts.js';
import { changingActivities, destroying, readingActivities } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import type { Script } from '../support/scripted-activities.js';
import { hostOf, ownAttempt } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, by, decide, ended, endedUnasked, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('approvals');

describe.concurrent('a dirty host', () => {
  test.concurrent.for(operationKinds)('%s: blocks, and goes on with a reset once approved', async (kind) => {
    const context = operationContext({ kind, cluster: uniqueName(kind) });
    const script = harness().script(context.cluster);
    script.world.hosts[context.target.name] = hostOf(context, leftovers(context.cluster));
    const handle = await harness().start(context);
    const reason = await blocked(handle);
    expect(reason).toMatchObject({ type: 'DirtyHost', step: 'check', choices: ['approve', 'retry', 'abort'] });
    expect(reason.message).toContain(`${context.target.name} still carries an earlier node`);
    expect(reason.remedy).toContain('A reset would stop and delete: /etc/kubernetes (2 files), /var/lib/kubelet');
    expect(reason.evidence.length).toBeGreaterThan(2);
    expect(script.names().toSorted()).toEqual(readingActivities);

    await decide(handle, 'approve', 'an old test host');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(3, 6).toSorted()).toEqual(readingActivities);
    expect(script.names().slice(6)).toEqual(changingActivities(kind, 'dirty'));
    expect((await progressOf(handle)).decisions).toMatchObject([
      { action: 'approve', by: 'ann@desk', reason: 'an old test host' },
    ]);
  });

  test('is not asked about again when the operation starts over after a failure', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('once') });
    const script = harness().script(context.cluster);
    const dirty = hostOf(context, leftovers(context.cluster));
    script.world.hosts['w2'] = dirty;
    script.on('runKubeadm', async (otherwise) => {
      script.world.hosts['w2'] = dirty; // as a join that failed half way leaves it
      return { ...(await otherwise()), state: 'failed', exitStatus: 1 };
    });
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'approve');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'KubeadmFailed' });
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.callsOf('resetHost').map(({ args: [context] }) => (context as { round: number }).round)).toEqual([
      1, 2,
    ]);
    expect((await progressOf(handle)).decisions.map(({ action }) => action)).toEqual(['approve', 'retry']);
  });

  test('with what this very operation left needs no approval', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('own') });
    const script = harness().script(context.cluster);
    script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster, ownAttempt(context)));
    expect(await ended(await harness().start(context))).toMatchObject({ status: 'completed' });
    expect(script.names().slice(3)).toEqual(changingActivities('join-worker', 'dirty'));
  });

  test('cleaned by hand: a retry finds it clean and resets nothing', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('cleaned') });
    const script = harness().script(context.cluster);
    script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster));
    const handle = await harness().start(context);
    await blocked(handle);
    delete script.world.hosts['w2'];
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names()).not.toContain('resetHost');
  });

  test('still dirty: a retry blocks again rather than resetting without an approval', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('still') });
    const script = harness().script(context.cluster);
    script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster));
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'retry');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'DirtyHost' });
    await decide(handle, 'abort');
    expect(await ended(handle)).toMatchObject({ status: 'failed', type: 'Aborted' });
    expect(script.names()).not.toContain('resetHost');
  });
});

test.concurrent('two things to approve are asked one after the other, each once', async () => {
  const context = operationContext({ cluster: uniqueName('two'), policy: { removeStaleMembers: 'approve' } });
  const script = harness().script(context.cluster);
  script.world.hosts['cp3'] = hostOf(context, leftovers(context.cluster));
  const members = ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name));
  delete members[2]?.status;
  script.world.cluster = clusterFacts({ etcd: { askedAt: 'cp1', alarms: [], members } });
  const handle = await harness().start(context);
  const first = await blocked(handle);
  await decide(handle, 'approve');
  const second = await blocked(handle, 1);
  expect([first.type, second.type].toSorted()).toEqual(['DirtyHost', 'StaleMember']);
  expect(script.names()).not.toContain('removeStaleMember');
  await decide(handle, 'approve');
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
  expect(script.names().slice(9)).toEqual(changingActivities('join-control-plane', 'dirty'));
});

describe.concurrent('R2: an init that could not ask its peers', () => {
  const unasked = async (name: string) => {
    const context = operationContext({ kind: 'init', cluster: uniqueName(name) });
    const script = harness().script(context.cluster);
    const silent = (...hosts: string[]): void => {
      const facts = noCluster();
      script.world.cluster = {
        ...facts,
        controlPlane: facts.controlPlane.map((server) =>
          hosts.includes(server.host) ? { ...server, because: 'no route to host' } : server,
        ),
      };
    };
    silent('cp2');
    return { script, silent, handle: await harness().start(context) };
  };

  test('waits before anything was changed, and goes on when they answer', async () => {
    const { script, handle } = await unasked('answers');
    const reason = await blocked(handle);
    expect(reason).toMatchObject({ type: 'PeersUnreachable', step: 'check', choices: ['approve', 'retry', 'abort'] });
    expect(reason).not.toHaveProperty('watching');
    expect(reason.message).toMatch(/^cp2 could not be asked whether .* lives there$/);
    expect(reason.consequences.approve).toMatch(/^makes a new cluster although they may carry one: /);
    expect(new Set(script.names())).toEqual(new Set(readingActivities));
    delete script.world.cluster;
    await decide(handle, 'retry');
    expect(await endedUnasked(handle, 1)).toMatchObject({ status: 'completed' });
  });

  test('goes on by an approval, which is for those that it named: another one is asked about', async () => {
    const { script, silent, handle } = await unasked('approved');
    await blocked(handle);
    silent('cp2', 'cp3');
    await decide(handle, 'approve');
    const again = await blocked(handle, 1);
    expect(again).toMatchObject({ type: 'PeersUnreachable' });
    expect(again.message).toMatch(/^cp2, cp3 could not be asked/);
    expect(script.names()).not.toContain('runKubeadm');
    await decide(handle, 'approve');
    expect(await endedUnasked(handle, 2)).toMatchObject({ status: 'completed' });
  });
});

test.concurrent(
  'an approval is good for what was approved only: another block of an approved operation offers none',
  async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('only') });
    const script = harness().script(context.cluster);
    script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster));
    script.on('resetHost', fails('HostNotClean'));
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'approve');
    expect(await blocked(handle, 1)).toMatchObject({
      type: 'HostNotClean',
      step: 'reset',
      choices: ['retry', 'abort'],
    });
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  },
);

describe.concurrent('a request for an approval', () => {
  const dirty = async (name: string, approvals: Partial<OperationContext['policy']['approvals']>) => {
    const context = operationContext({
      kind: 'join-worker',
      cluster: uniqueName(name),
      policy: { approvals: { plans: false, byAnother: false, expireAfterMs: 86_400_000, ...approvals } },
    });
    const script = harness().script(context.cluster);
    script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster));
    return { context, script, handle: await harness().start(context) };
  };

  test('ends the operation with nothing changed when nobody gives it in time', async () => {
    const { script, handle } = await dirty('late', { expireAfterMs: 1_500 });
    const { expiresAt, since } = await blocked(handle);
    expect(Date.parse(expiresAt ?? '') - Date.parse(since)).toBe(1_500);
    expect(await ended(handle)).toMatchObject({
      status: 'failed',
      type: 'Aborted',
      message: 'aborted by quorate while blocked by DirtyHost (nobody approved it in time); nothing was changed',
    });
    expect(script.names().toSorted()).toEqual(readingActivities);
  });

  test('waits for as long as it takes once something was changed', async () => {
    const { context, script, handle } = await dirty('changed', { expireAfterMs: 1_500 });
    await blocked(handle);
    // Meanwhile the host becomes one of another cluster: another subject.
    script.on('prepareHost', async () => {
      script.world.hosts['w2'] = hostOf(context, leftovers('other', { etcdDataPresent: true }));
      throw ApplicationFailure.nonRetryable('full', 'CommandFailed');
    });
    await decide(handle, 'approve');
    await blocked(handle, 1);
    script.on('runKubeadm', fails('KubeadmFailed'));
    await decide(handle, 'retry');
    await blocked(handle, 2);
    await decide(handle, 'retry');
    const again = await blocked(handle, 3);
    expect(again.type).toBe('DirtyHost');
    expect(again).not.toHaveProperty('expiresAt');
    await decide(handle, 'abort');
    await ended(handle);
  });

  test('is refused from the one who asked where another person has to give it', async () => {
    const { handle } = await dirty('another', { byAnother: true });
    expect(await blocked(handle)).toMatchObject({ notBy: by });
    const refused = await decide(handle, 'approve').catch((error: unknown) => error as WorkflowUpdateFailedError);
    expect(refused).toMatchObject({
      cause: {
        type: 'ApproverIsAsker',
        message: expect.stringMatching(/^ann@desk asked for .*: another person has to approve it$/) as unknown,
      },
    });
    await expect(
      handle.executeUpdate(names.updates.decide, { args: [{ action: 'approve', by: `${by} ` }] }),
    ).rejects.toMatchObject({ cause: { type: 'ApproverIsAsker' } });
    await handle.executeUpdate(names.updates.decide, { args: [{ action: 'approve', by: 'bob@desk' }] });
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions).toMatchObject([{ action: 'approve', by: 'bob@desk' }]);
  });

  test('nobody may speak for the operation itself', async () => {
    const { handle } = await dirty('itself', {});
    await blocked(handle);
    await expect(
      handle.executeUpdate(names.updates.decide, { args: [{ action: 'approve', by: 'quorate' }] }),
    ).rejects.toMatchObject({ cause: { type: 'InvalidDecision' } });
    await handle.terminate('enough seen');
  });

  test('an approval that has lapsed is asked for again', async () => {
    const { script, handle } = await dirty('lapsed', { expireAfterMs: 2_000 });
    script.on('resetHost', fails('HostNotClean'));
    await blocked(handle);
    await decide(handle, 'approve');
    await blocked(handle, 1);
    await sleep(2_100);
    await decide(handle, 'retry');
    expect(await blocked(handle, 2)).toMatchObject({ type: 'DirtyHost' });
    expect(script.callsOf('resetHost')).toHaveLength(1);
    await decide(handle, 'approve');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  });
});

describe.concurrent('a policy that wants plans approved', () => {
  const planned = async (name: string, world: (script: Script, context: OperationContext) => void = () => {}) => {
    const context = operationContext({
      cluster: uniqueName(name),
      policy: {
        resetDirtyHosts: 'when-ours',
        approvals: { plans: true, byAnother: false, expireAfterMs: 86_400_000 },
      },
    });
    const script = harness().script(context.cluster);
    world(script, context);
    return { context, script, handle: await harness().start(context) };
  };
  /** With one of cp3 that never started. */
  const members = (stale: Partial<ReturnType<typeof etcdMember>> = {}) => {
    const { status: _none, ...cp3 } = etcdMember('cp3', { name: '', ...stale });
    return { askedAt: 'cp1', alarms: [], members: [etcdMember('cp1'), etcdMember('cp2'), cp3] };
  };

  test('shows the plan and waits before the first change', async () => {
    const { script, handle } = await planned('plans');
    const reason = await blocked(handle);
    expect(reason).toMatchObject({ type: 'PlanNeedsApproval', choices: ['approve', 'retry', 'abort'] });
    expect(reason.evidence).toEqual((await progressOf(handle)).plan);
    expect(script.names().toSorted()).toEqual(readingActivities);
    await decide(handle, 'approve');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(6)).toEqual(changingActivities('join-control-plane'));
  });

  test('another plan is asked about again', async () => {
    const { script, handle } = await planned('other-plan');
    await blocked(handle);
    script.world.cluster = clusterFacts({ etcd: members() });
    await decide(handle, 'approve');
    const reason = await blocked(handle, 1);
    expect(reason.type).toBe('PlanNeedsApproval');
    expect(reason.evidence.join()).toContain('remove the stale etcd member');
    await decide(handle, 'approve');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  });

  /** A stale member, a stale Node and leftovers: all that a plan of a join destroys. */
  const stale = (script: Script, context: OperationContext, more: Partial<HostFacts> = {}, ready = true): void => {
    const host = hostOf(context, leftovers(context.cluster, more));
    script.world.hosts['cp3'] = host;
    script.world.cluster = clusterFacts({
      nodes: [...clusterFacts().nodes, nodeFacts('cp3', { machineId: host.machineId, ready })],
      etcd: members(),
    });
  };

  test('R8: what changes by itself does not make it another plan: processes, numbers, whether a Node is Ready', async () => {
    const { context, script, handle } = await planned('volatile', (its, of) =>
      stale(its, of, {
        listeners: [{ port: 10_250, process: 'kubelet', pid: 811, unit: 'kubelet.service' }],
        runningUnits: ['quorate-join-0f3c5a7b9d1e.service'],
      }),
    );
    const first = await blocked(handle);
    expect(first.type).toBe('PlanNeedsApproval');
    stale(
      script,
      context,
      {
        listeners: [{ port: 10_250, process: 'kubelet', pid: 4_711, unit: 'kubelet.service' }],
        runningUnits: ['quorate-prepare-1f3c5a7b9d1e.service'],
        packetFilterRules: 35,
        kubernetesFiles: ['/etc/kubernetes/kubelet.conf', '/etc/kubernetes/pki/ca.crt', '/etc/kubernetes/new'],
      },
      false,
    );
    await decide(handle, 'approve');
    expect(await endedUnasked(handle, 1)).toMatchObject({ status: 'completed' });
    const { plan, decisions } = await progressOf(handle);
    expect(plan).not.toEqual(first.evidence);
    expect(decisions.map(({ action }) => action)).toEqual(['approve']);
  });

  test('R8: nor does what has been done of it by the time it is read again', async () => {
    const { script, handle } = await planned('half-done', stale);
    script.on('removeStaleMember', async () => {
      // As after the removal: neither the member nor the Node is there any more.
      script.world.cluster = clusterFacts();
      return 'removed both';
    });
    script.on('resetHost', fails('HostNotClean'), async (otherwise) => otherwise());
    script.on('prepareHost', fails('CommandFailed'));
    await blocked(handle);
    await decide(handle, 'approve');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'HostNotClean' });
    await decide(handle, 'retry');
    // The host is reset by now.
    expect(await blocked(handle, 2)).toMatchObject({ type: 'CommandFailed', step: 'prepare' });
    await decide(handle, 'retry');
    expect(await endedUnasked(handle, 3)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions.map(({ action }) => action)).toEqual(['approve', 'retry', 'retry']);
  });

  test('R8: nor does what its own attempt has left: a retry of the approved plan cleans that', async () => {
    const { context, script, handle } = await planned('own-attempt');
    let attempt = 0;
    const failing = async () => {
      attempt += 1;
      const host = hostOf(context, leftovers(context.cluster, { etcdDataPresent: true, ...ownAttempt(context) }));
      script.world.hosts['cp3'] = host;
      const { status: _none, ...learner } = etcdMember('cp3', { id: `a1b2c3d4e5f6000${attempt}`, isLearner: true });
      const node = nodeFacts('cp3', { machineId: host.machineId, uid: `uid-${attempt}`, ready: false });
      script.world.cluster = clusterFacts({
        nodes: [...clusterFacts().nodes, node],
        etcd: { askedAt: 'cp1', alarms: [], members: [etcdMember('cp1'), etcdMember('cp2'), learner] },
      });
      return { unit: 'quorate-join', state: 'failed' as const, exitStatus: 1, logFile: '/var/log/quorate/join.log' };
    };
    script.on('runKubeadm', failing, failing);
    const removed = async () => {
      script.world.cluster = clusterFacts();
      return 'removed both';
    };
    script.on('removeStaleMember', async () => 'nothing stale', removed, removed);
    await blocked(handle);
    await decide(handle, 'approve');
    for (const [index, action] of ['retry', 'retry'].entries()) {
      expect(await blocked(handle, index + 1)).toMatchObject({ type: 'KubeadmFailed', step: 'join' });
      await decide(handle, action as 'retry');
    }
    expect(await endedUnasked(handle, 3)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions.map(({ action }) => action)).toEqual(['approve', 'retry', 'retry']);
  });

  test.concurrent.for<[string, (script: Script, context: OperationContext) => void]>([
    [
      'another Node',
      ({ world }, context) => {
        const node = nodeFacts('cp3', { machineId: hostOf(context).machineId, ready: false, uid: 'uid-of-another' });
        world.cluster = clusterFacts({ nodes: [...clusterFacts().nodes, node], etcd: members() });
      },
    ],
    [
      'another member',
      ({ world }) => {
        const { nodes } = world.cluster ?? clusterFacts();
        world.cluster = clusterFacts({ nodes, etcd: members({ id: 'ffffffffffffffff' }) });
      },
    ],
    [
      'data of etcd',
      ({ world }, context) => {
        world.hosts['cp3'] = hostOf(context, leftovers(context.cluster, { etcdDataPresent: true }));
      },
    ],
    [
      'another machine',
      ({ world }, context) => {
        world.hosts['cp3'] = hostOf(context, leftovers(context.cluster, { machineId: 'ee'.repeat(16) }));
        world.cluster = clusterFacts({ etcd: members() });
      },
    ],
  ])('R8: %s that would be destroyed is asked about again', async ([what, change]) => {
    const { context, script, handle } = await planned(what.replaceAll(' ', '-'), stale);
    await blocked(handle);
    change(script, context);
    await decide(handle, 'approve');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'PlanNeedsApproval' });
    expect(script.calls.filter(({ activity }) => destroying.has(activity))).toEqual([]);
    await decide(handle, 'approve');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  });
});
