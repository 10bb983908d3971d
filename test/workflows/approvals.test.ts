import { describe, expect, test } from 'vitest';
import { operationKinds } from '../../src/model/operation.js';
import { clusterFacts, etcdMember, leftovers, operationContext } from '../support/facts.js';
import { changingActivities, readingActivities } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf } from '../support/workflow-harness.js';

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
    const { operation, cluster } = context;
    script.world.hosts['w2'] = hostOf(context, leftovers(cluster, { marker: { operation, cluster } }));
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
