import { describe, expect, test } from 'vitest';
import { operationKinds } from '../../model/operations.js';
import type { OperationKind } from '../../model/operations.js';
import { leftovers, operationContext } from '../support/facts.js';
import { expectedSteps, expectedUndo } from '../support/operation-steps.js';
import { fails, gate } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf, stepStates } from '../support/workflow-harness.js';

const harness = useHarness('cancel');

const everyStep = operationKinds.flatMap((kind) =>
  expectedSteps[kind].flatMap(({ step, activity }) => (activity === undefined ? [] : [{ kind, step, activity }])),
);

const prepare = (kind: OperationKind, name: string) => {
  const context = operationContext({ kind, cluster: uniqueName(name), policy: { resetDirtyHosts: 'when-ours' } });
  const script = harness().script(context.cluster);
  script.world.hosts[context.target.name] = hostOf(context, leftovers(context.cluster));
  return { context, script };
};

describe.concurrent('a cancel at every step', () => {
  test.concurrent.for(everyStep)(
    '$kind at $step: stopped, then undone in reverse',
    async ({ kind, step, activity }) => {
      const { context, script } = prepare(kind, step);
      const held = gate();
      script.on(activity, held.hold);
      const handle = await harness().start(context);
      await held.reached;
      const inFlight = script.callsOf(activity).at(-1);
      const before = script.calls.length;
      await handle.cancel();
      const undo = expectedUndo(kind, step);
      expect(await ended(handle)).toMatchObject({ status: 'cancelled' });

      // The step in flight saw the cancel and had ended before the first undo began.
      expect(inFlight?.outcome).toBe('cancelled');
      const undone = script.calls.slice(before).filter((call) => call !== inFlight);
      const after = step === 'read' ? undone.filter((call) => call.outcome !== 'cancelled') : undone;
      expect(after.map((call) => call.activity).filter((name) => !/^read|^check/.test(name))).toEqual(undo);
      let last = inFlight?.ended ?? Number.POSITIVE_INFINITY;
      for (const call of after.slice(0, undo.length)) {
        expect(call.began).toBeGreaterThan(last);
        expect(call.outcome).toBe('answered');
        last = call.ended ?? Number.POSITIVE_INFINITY;
      }
      const progress = await progressOf(handle);
      expect(progress.outcome).toBe('cancelled');
      expect(progress.summary).toBe(
        undo.length === 0
          ? 'cancelled; nothing had to be undone'
          : `cancelled; undone: ${progress.steps
              .filter(({ state }) => state === 'undone')
              .map(({ id }) => id)
              .toReversed()
              .join(', ')}`,
      );
      expect(progress.steps.filter(({ state }) => state === 'undone')).toHaveLength(undo.length);
      expect(progress.steps.filter(({ state }) => state === 'undoing' || state === 'blocked')).toEqual([]);
    },
  );
});

describe.concurrent('a cancel', () => {
  test('before the first step: nothing is read or changed', async () => {
    const { context, script } = prepare('join-worker', 'first');
    const held = gate();
    script.on('readHost', held.hold);
    const handle = await harness().start(context);
    await handle.cancel();
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
    expect((await progressOf(handle)).summary).toBe('cancelled; nothing had to be undone');
  });

  test('that a command does not honour is waited for all the same', async () => {
    const { context, script } = prepare('join-worker', 'deaf');
    const held = gate({ deaf: true });
    script.on('runKubeadm', held.hold);
    const handle = await harness().start(context);
    await held.reached;
    await handle.cancel();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(script.names().at(-1)).toBe('runKubeadm');
    held.open();
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
    expect(script.names().slice(-3)).toEqual(['runKubeadm', 'undoJoin', 'revokeCredentials']);
    expect(script.callsOf('undoJoin')[0]?.began).toBeGreaterThan(script.callsOf('runKubeadm')[0]?.ended ?? 0);
  });

  test('during a back-off ends the wait at once', async () => {
    const context = operationContext({
      kind: 'join-worker',
      cluster: uniqueName('back-off'),
      policy: { unreachableBudgetMs: 600_000 },
    });
    const script = harness().script(context.cluster);
    script.on('prepareHost', ...Array.from({ length: 9 }, () => fails('Unreachable')));
    const handle = await harness().start(context);
    await expect.poll(() => script.callsOf('prepareHost').length, { timeout: 10_000 }).toBeGreaterThan(1);
    await handle.cancel();
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
  });

  test('while blocked undoes, and nothing says any more that it waits for a decision', async () => {
    const { context, script } = prepare('join-control-plane', 'blocked');
    script.on('runKubeadm', fails('CommandFailed'));
    const handle = await harness().start(context);
    await blocked(handle);
    await handle.cancel();
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
    expect(script.names().slice(-4)).toEqual(['runKubeadm', 'undoJoin', 'removeBackend', 'revokeCredentials']);
    const progress = await progressOf(handle);
    expect(progress.blocked).toBeUndefined();
    expect(stepStates(progress)).toMatchObject({ join: 'undone', register: 'undone', prove: 'pending' });
  });

  test('while blocked before any change ends it with nothing to undo', async () => {
    const { context, script } = prepare('join-worker', 'before');
    script.on('readCluster', fails('ApiUnavailable'));
    const handle = await harness().start(context);
    await blocked(handle);
    await handle.cancel();
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
    expect((await progressOf(handle)).summary).toBe('cancelled; nothing had to be undone');
  });

  test('while an undo runs does not stop the undo', async () => {
    const { context, script } = prepare('join-worker', 'undoing');
    script.on('runKubeadm', fails('CommandFailed'));
    const held = gate();
    script.on('undoJoin', held.hold);
    const handle = await harness().start(context);
    await blocked(handle);
    await decide(handle, 'rollback');
    await held.reached;
    await handle.cancel();
    held.open();
    expect(await ended(handle)).toMatchObject({ status: 'failed', type: 'RolledBack' });
    expect(script.names().slice(-2)).toEqual(['undoJoin', 'revokeCredentials']);
    expect(script.callsOf('undoJoin')[0]?.outcome).toBe('answered');
  });

  test('whose undo fails blocks: retry goes on undoing', async () => {
    const { context, script } = prepare('join-worker', 'undo-retry');
    const held = gate();
    script.on('runKubeadm', held.hold);
    script.on('undoJoin', fails('CommandFailed'));
    const handle = await harness().start(context);
    await held.reached;
    await handle.cancel();
    expect(await blocked(handle)).toMatchObject({
      type: 'UndoFailed',
      step: 'join',
      choices: ['retry', 'skip', 'abort'],
    });
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
    expect(script.names().slice(-3)).toEqual(['undoJoin', 'undoJoin', 'revokeCredentials']);
  });

  test('whose undo is given up does not pass for a cancel', async () => {
    const { context, script } = prepare('join-worker', 'undo-abort');
    const held = gate();
    script.on('runKubeadm', held.hold);
    script.on('undoJoin', fails('CommandFailed', { message: 'the disk is full' }));
    const handle = await harness().start(context);
    await held.reached;
    await handle.cancel();
    await blocked(handle);
    await decide(handle, 'abort');
    expect(await ended(handle)).toMatchObject({
      status: 'failed',
      type: 'UndoFailed',
      message: expect.stringMatching(/^cancelled; nothing was undone; the rest was left as it is: .*disk/) as unknown,
    });
    expect(script.names().at(-1)).toBe('undoJoin');
    expect((await progressOf(handle)).outcome).toBe('failed');
  });
});
