import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { QuorateError } from '../../model/failures/failure.js';
import { operationKinds } from '../../model/operations.js';
import type { OperationContext } from '../../model/operation.js';
import type { DecisionAction } from '../../model/progress.js';
import { clusterFacts, etcdMember, leftovers, nodeFacts, operationContext, otherCaHash } from '../support/facts.js';
import { destroying, expectedSteps, readingActivities } from '../support/operation-steps.js';
import { resetRun } from '../support/reset.js';
import { answers, fails, gate } from '../support/scripted-activities.js';
import type { Call, Script } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('fresh-facts');

const roundOf = (call: Call | undefined): number | undefined => (call?.args[0] as OperationContext | undefined)?.round;

/** While the operation waits the host becomes a living node of another cluster. */
const becomesForeign = (script: Script, context: OperationContext): void => {
  const server = 'https://10.9.0.5:6443';
  script.world.hosts[context.target.name] = hostOf(
    context,
    leftovers('other', {
      kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', server, caHash: otherCaHash }],
      pkiCaHash: otherCaHash,
      foreignServerAnswers: { [server]: true },
    }),
  );
};

/** A dirty host that the policy lets reset, so that every step has something to do. */
const dirty = (kind: OperationContext['kind'], name: string, policy: Partial<OperationContext['policy']> = {}) => {
  const context = operationContext({
    kind,
    cluster: uniqueName(name),
    policy: { resetDirtyHosts: 'when-ours', ...policy },
  });
  const script = harness().script(context.cluster);
  script.world.hosts[context.target.name] = hostOf(context, leftovers(context.cluster));
  return { context, script };
};

const answersOf = (skippable: boolean): ('probe' | DecisionAction)[] => [
  'retry',
  'probe',
  ...(skippable ? (['skip'] as const) : []),
];
const waits = operationKinds.flatMap((kind) => {
  const steps = expectedSteps[kind];
  // What comes after kubeadm destroys nothing any more.
  const before = steps.slice(1, steps.findIndex(({ activity }) => activity === 'runKubeadm') + 1);
  return before.flatMap(({ step, activity, attaches, skippable = false }) =>
    activity === undefined
      ? []
      : answersOf(skippable).map((answer) => ({ kind, step, activity, answer, attaches: attaches === true })),
  );
});

describe.concurrent('R3: nothing is destroyed on what was read before the operation waited for an answer', () => {
  // A command that sight was lost of is found again: below.
  test.concurrent.for(waits.filter(({ answer, attaches }) => answer !== 'probe' || !attaches))(
    '$kind, blocked at $step, answered by $answer: a host that lives elsewhere by now is left alone',
    async ({ kind, step, activity, answer }) => {
      const { context, script } = dirty(kind, step, { resumeWhenHealthy: answer === 'probe' });
      script.on(activity, async () => {
        becomesForeign(script, context);
        throw new QuorateError(answer === 'probe' ? 'Unreachable' : 'CommandFailed', 'gone', { remedy: 'mend it' });
      });
      script.on('probeCause', answers('it answers again'));
      const handle = await harness().start(context);
      if (answer !== 'probe') {
        await blocked(handle);
        await decide(handle, answer);
      }
      expect(await blocked(handle, 1)).toMatchObject({ type: 'ForeignHost', step: 'check' });
      const names = script.names();
      const after = names.slice(names.lastIndexOf(activity) + 1).filter((name) => name !== 'probeCause');
      expect(after.toSorted()).toEqual(readingActivities);
      expect(script.callsOf('readHost').map(roundOf)).toEqual([0, 1]);
      await decide(handle, 'abort');
      expect(await ended(handle)).toMatchObject({ type: 'Aborted' });
      expect(script.calls.filter((call) => destroying.has(call.activity) && (roundOf(call) ?? 0) > 0)).toEqual([]);
    },
  );

  test.concurrent.for(['retry', 'probe'] as const)(
    'a reset that sight was lost of before it had begun, answered by %s: read anew, and the living node is left alone',
    async (answer) => {
      const { context, script } = dirty('join-worker', 'lost', { resumeWhenHealthy: answer === 'probe' });
      script.on(
        'resetHost',
        async () => {
          becomesForeign(script, context);
          throw new QuorateError('Unreachable', 'gone', { remedy: 'mend it' });
        },
        // As the activity says it when it may only attach and there is nothing to attach to.
        fails('ChangedSinceCheck', { message: 'quorate-reset had not been begun on w2 when sight of it was lost' }),
      );
      script.on('probeCause', answers('w2 answers again'));
      const handle = await harness().start(context);
      if (answer === 'retry') {
        await blocked(handle);
        await decide(handle, 'retry');
      }
      expect(await blocked(handle, 1)).toMatchObject({ type: 'ForeignHost', step: 'check' });
      expect(script.callsOf('resetHost').map((call) => [roundOf(call), call.args[2]])).toEqual([
        [0, {}],
        [0, { attach: true }],
      ]);
      expect(script.callsOf('readHost').map(roundOf)).toEqual([0, 1]);
      expect(script.names()).not.toContain('runKubeadm');
      await handle.terminate('enough seen');
    },
  );

  test('after a reset that was found again, kubeadm begins on what is read then', async () => {
    const { context, script } = dirty('join-control-plane', 'attached');
    script.on('resetHost', fails('Unreachable'), async (otherwise) => {
      const note = await otherwise();
      becomesForeign(script, context);
      return note;
    });
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'retry');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'ForeignHost', step: 'check' });
    expect(script.callsOf('resetHost')).toHaveLength(2);
    expect(script.names()).not.toContain('runKubeadm');
    await handle.terminate('enough seen');
  });
});

describe.concurrent('R4: a voter that somebody has joined by hand meanwhile', () => {
  test.concurrent.for(['retry', 'skip'] as const)(
    'while the snapshot was blocked, answered by %s: is proven, and neither removed nor reset',
    async (answer) => {
      const { context, script } = dirty('join-control-plane', 'by-hand');
      script.on('snapshotEtcd', fails('CommandFailed'));
      const handle = await harness().start(context);
      await blocked(handle);
      const host = hostOf(context, leftovers(context.cluster, { etcdDataPresent: true }));
      script.world.hosts['cp3'] = host;
      script.world.cluster = clusterFacts({
        nodes: [...clusterFacts().nodes, nodeFacts('cp3', { machineId: host.machineId })],
        etcd: { askedAt: 'cp1', alarms: [], members: ['cp1', 'cp2', 'cp3'].map((member) => etcdMember(member)) },
      });
      const before = script.calls.length;
      await decide(handle, answer);
      expect(await ended(handle)).toMatchObject({ status: 'completed' });
      expect(script.names().slice(before + 3)).toEqual(['proveControlPlane', 'enableBackend', 'revokeCredentials']);
    },
  );
});

test.concurrent('R4: no traffic is let in to a host that was proven before the operation waited', async () => {
  const context = operationContext({ cluster: uniqueName('traffic') });
  const script = harness().script(context.cluster);
  script.on('enableBackend', fails('LoadBalancerUnavailable'));
  script.on('proveControlPlane', (otherwise) => otherwise(), fails('MemberNotVoter'));
  const handle = await harness().start(context);
  const { consequences } = await blocked(handle);
  expect(consequences.retry).toMatch(/^goes on from "prove cp3: /);
  await decide(handle, 'retry');
  expect(await blocked(handle, 1)).toMatchObject({ type: 'MemberNotVoter', step: 'prove' });
  expect(script.callsOf('enableBackend')).toHaveLength(1);
  await handle.terminate('enough seen');
});

describe.concurrent('R1: an operation that was reset in Temporal is another run, and reads before it destroys', () => {
  /** Resets its first run to the workflow task that scheduled the activity. */
  const resetTo = async (handle: WorkflowHandle, activity: string, runId: string): Promise<void> => {
    const { events = [] } = await handle.client.getHandle(handle.workflowId, runId).fetchHistory();
    const found = (events ?? []).find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity,
    );
    const task = found?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId;
    if (task === undefined || task === null) throw new Error(`${activity} was not begun`);
    await resetRun(handle, runId, task);
  };

  test.concurrent.for(['resetHost', 'runKubeadm'] as const)('in the middle, at %s', async (activity) => {
    const { context, script } = dirty('join-control-plane', 'reset-middle');
    const held = gate();
    script.on(activity, held.hold);
    const handle = await harness().start(context);
    await held.reached;
    const before = script.calls.length;
    // It was begun when the operation was reset, and runs: that is the other run's.
    await resetTo(handle, activity, (await handle.describe()).runId);
    const again = harness().client.workflow.getHandle(handle.workflowId);
    expect(await ended(again)).toMatchObject({ status: 'completed' });
    held.open();
    expect(
      script
        .names()
        .slice(before, before + 3)
        .toSorted(),
    ).toEqual(readingActivities);
    expect(script.callsOf('readHost').map(roundOf)).toEqual([0, 1]);
    expect(script.callsOf(activity).map(roundOf)).toEqual([0, 1]);
  });

  test('after its end, at any step that destroys: is proven anew', async () => {
    const { context, script } = dirty('join-control-plane', 'reset-ended');
    script.on('runKubeadm', async (otherwise) => {
      const answer = await otherwise();
      const host = hostOf(context, leftovers(context.cluster, { etcdDataPresent: true }));
      script.world.hosts['cp3'] = host;
      script.world.cluster = clusterFacts({
        nodes: [...clusterFacts().nodes, nodeFacts('cp3', { machineId: host.machineId })],
        etcd: { askedAt: 'cp1', alarms: [], members: ['cp1', 'cp2', 'cp3'].map((member) => etcdMember(member)) },
      });
      return answer;
    });
    const handle = await harness().start(context);
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    const { runId } = await handle.describe();
    for (const activity of ['removeStaleMember', 'resetHost', 'runKubeadm']) {
      const before = script.calls.length;
      await resetTo(handle, activity, runId);
      const again = harness().client.workflow.getHandle(handle.workflowId);
      expect(await ended(again)).toMatchObject({ status: 'completed' });
      const names = script.names().slice(before);
      expect(names.slice(0, 3).toSorted()).toEqual(readingActivities);
      expect(names.slice(3)).toEqual(['proveControlPlane', 'enableBackend', 'revokeCredentials']);
    }
  });
});

const changed = operationKinds.flatMap((kind) =>
  expectedSteps[kind].flatMap(({ step, activity, destroys }) =>
    destroys === true && activity !== undefined ? [{ kind, step, activity }] : [],
  ),
);

describe.concurrent('what is another thing when the act compares it (ChangedSinceCheck)', () => {
  test.concurrent.for(changed)(
    '$kind, $step: is read again by itself three times, then a person decides',
    async ({ kind, step, activity }) => {
      const { context, script } = dirty(kind, step);
      const difference = fails('ChangedSinceCheck', { message: 'it is no longer what was checked' });
      script.on(activity, difference, difference, difference, difference);
      const handle = await harness().start(context);
      const reason = await blocked(handle);
      expect(reason).toMatchObject({
        type: 'ChangedSinceCheck',
        step,
        message: 'it is no longer what was checked',
        choices: expect.arrayContaining(['retry', 'abort']) as unknown,
      });
      expect(reason).not.toHaveProperty('watching');
      expect(reason.choices).not.toContain('skip');
      expect(script.callsOf(activity).map(roundOf)).toEqual([0, 1, 2, 3]);
      expect(script.callsOf('readHost').map(roundOf)).toEqual([0, 1, 2, 3]);
      await decide(handle, 'retry');
      expect(await ended(handle)).toMatchObject({ status: 'completed' });
      expect(script.callsOf(activity).map(roundOf)).toEqual([0, 1, 2, 3, 4]);
      expect((await progressOf(handle)).decisions.map(({ action }) => action)).toEqual(['retry']);
    },
  );

  test('says so while it goes back', async () => {
    const { context, script } = dirty('join-worker', 'note', { readyBudgetMs: 60_000 });
    script.on('resetHost', fails('ChangedSinceCheck', { message: 'w2 is no longer what was checked' }));
    const handle = await harness().start(context);
    // It pauses for five seconds before it reads again.
    await expect
      .poll(async () => (await progressOf(handle)).steps.find(({ id }) => id === 'reset'), { timeout: 30_000 })
      .toMatchObject({ state: 'failed', note: 'w2 is no longer what was checked; read again' });
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions).toEqual([]);
  });

  test('a node that somebody makes between the check and the act is asked about, not reset', async () => {
    const { context, script } = dirty('join-worker', 'compared');
    script.on('removeStaleMember', async () => {
      becomesForeign(script, context);
      return 'deleted its old Node';
    });
    const node = nodeFacts('w2', { machineId: hostOf(context).machineId, ready: false, internalIp: '10.203.0.22' });
    script.world.cluster = clusterFacts({ nodes: [...clusterFacts().nodes, node] });
    const handle = await harness().start(context);
    expect(await blocked(handle)).toMatchObject({ type: 'ForeignHost', step: 'check' });
    // The reset compared what it was given with the host, and refused.
    expect(script.callsOf('resetHost').map(({ outcome }) => outcome)).toEqual(['failed']);
    await handle.terminate('enough seen');
  });
});
