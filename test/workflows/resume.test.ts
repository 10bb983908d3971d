import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { failureTypes } from '../../model/failures/failure.js';
import { failurePolicy } from '../../model/failures/failure-policy.js';
import type { OperationContext } from '../../model/operation.js';
import type { OperationKind } from '../../model/operations.js';
import { operationContext } from '../support/facts.js';
import { answers, fails, gate } from '../support/scripted-activities.js';
import type { Behaviour } from '../support/scripted-activities.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, eventually, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('resume');

const notYet: Behaviour<'probeCause'> = async () => {
  throw ApplicationFailure.create({ type: 'CauseNotGone', message: 'not yet: no route to host' });
};

const start = async (
  name: string,
  { kind = 'join-worker', policy = {} }: { kind?: OperationKind; policy?: Partial<OperationContext['policy']> } = {},
) => {
  const context = operationContext({
    kind,
    cluster: uniqueName(name),
    policy: { resumeWhenHealthy: true, ...policy },
  });
  const script = harness().script(context.cluster);
  return { context, script, begin: () => harness().start(context) };
};

describe.concurrent('an operation that an outside cause blocks', () => {
  test('goes on by itself when the probe sees the cause gone, and reads the world anew like a retry', async () => {
    const { script, begin } = await start('gone');
    script.on('prepareHost', fails('Unreachable'));
    script.on('probeCause', notYet, answers('w2 answers again'));
    const handle = await begin();
    expect(await blocked(handle)).toMatchObject({
      type: 'Unreachable',
      watching: 'whether the host answers over SSH',
    });
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions).toMatchObject([
      { action: 'retry', by: 'quorate', reason: 'w2 answers again' },
    ]);
    expect(script.callsOf('probeCause').map(({ args }) => args[1])).toEqual([
      { kind: 'host', host: 'w2' },
      { kind: 'host', host: 'w2' },
    ]);
    expect(script.callsOf('readHost')).toHaveLength(2);
    expect(script.callsOf('prepareHost')).toHaveLength(2);
  });

  test('takes a decision meanwhile, and the probe ends', async () => {
    const { script, begin } = await start('decided');
    const probing = gate();
    script.on('prepareHost', fails('Unreachable'));
    script.on('probeCause', probing.hold);
    const handle = await begin();
    await blocked(handle);
    await probing.reached;
    await decide(handle, 'abort');
    expect(await ended(handle)).toMatchObject({ status: 'failed', type: 'Aborted' });
    expect((await progressOf(handle)).decisions).toHaveLength(1);
  });

  test('costs neither events nor a slot of the worker while it waits', async () => {
    const { script, begin } = await start('cheap');
    script.on('prepareHost', fails('Unreachable'));
    const handle = await begin();
    await blocked(handle);
    const { historyLength } = await handle.describe();
    await eventually(
      async () => (script.callsOf('probeCause').length >= 3 ? true : undefined),
      'three probes without the cause gone',
    );
    expect((await handle.describe()).historyLength).toBe(historyLength);
    expect(script.callsOf('probeCause').every(({ ended: end }) => end !== undefined)).toBe(true);
    await handle.terminate('enough seen');
  });

  test('waits for a decision where the policy says so', async () => {
    const { script, begin } = await start('policy', { policy: { resumeWhenHealthy: false } });
    script.on('prepareHost', fails('Unreachable'));
    const handle = await begin();
    expect(await blocked(handle)).not.toHaveProperty('watching');
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.callsOf('probeCause')).toEqual([]);
  });

  test('that comes and goes is looked at less often, and after ten times waits for a decision', async () => {
    const { script, begin } = await start('flapping', { policy: { probeEveryMs: 1 } });
    script.on('prepareHost', ...Array.from({ length: 11 }, () => fails('Unreachable')));
    script.on('probeCause', ...Array.from({ length: 10 }, () => answers('w2 answers again')));
    const handle = await begin();
    expect(await blocked(handle, 10)).not.toHaveProperty('watching');
    expect(script.callsOf('probeCause')).toHaveLength(10);
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  });

  test('in a rollback, goes on undoing by itself', async () => {
    const { script, begin } = await start('undo', { kind: 'join-control-plane' });
    script.on('proveControlPlane', fails('CommandFailed'));
    script.on('undoJoin', fails('Unreachable'));
    script.on('probeCause', answers('cp3 answers again'));
    const handle = await begin();
    await blocked(handle);
    await decide(handle, 'rollback');
    expect(await ended(handle)).toMatchObject({ status: 'failed', type: 'RolledBack' });
    expect(script.callsOf('undoJoin')).toHaveLength(2);
    expect((await progressOf(handle)).decisions.map(({ action, by }) => `${action} by ${by}`)).toEqual([
      'rollback by ann@desk',
      'retry by quorate',
    ]);
  });

  test('in a rollback that a cancel began, too', async () => {
    const { script, begin } = await start('cancelled', { kind: 'join-control-plane' });
    const held = gate();
    script.on('proveControlPlane', held.hold);
    script.on('undoJoin', fails('QuorumAtRisk'));
    script.on('probeCause', notYet, answers('the member may be removed'));
    const handle = await begin();
    await held.reached;
    await handle.cancel();
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
    expect(script.callsOf('probeCause')[0]?.args[1]).toMatchObject({ kind: 'quorum' });
    expect((await progressOf(handle)).outcome).toBe('cancelled');
  });

  test('is not lost when the probe itself is broken: it waits for a decision', async () => {
    const { script, begin } = await start('broken');
    script.on('prepareHost', fails('Unreachable'));
    script.on('probeCause', fails('CommandFailed', { message: 'a defect of the probe' }));
    const handle = await begin();
    await blocked(handle);
    await eventually(
      async () => (script.callsOf('probeCause')[0]?.outcome === 'failed' ? true : undefined),
      'the probe failed',
    );
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  });
});

describe.concurrent('what is looked at', () => {
  test.concurrent.for(failureTypes.map((type) => ({ type, probe: failurePolicy(type).probe })))(
    '$type: $probe',
    async ({ type, probe }) => {
      const { script, begin } = await start(`probe-${type}`.toLowerCase().slice(0, 30));
      // After a change everything blocks; a credential that was refused is made again first, what has changed read again.
      script.on('runKubeadm', ...Array.from({ length: type === 'ChangedSinceCheck' ? 4 : 2 }, () => fails(type)));
      const handle = await begin();
      const reason = await blocked(handle);
      expect(reason.type).toBe(type);
      expect('watching' in reason).toBe(probe !== undefined);
      await handle.terminate('enough seen');
    },
  );
});
