import { describe, expect, test } from 'vitest';
import type { OperationContext } from '../../model/operation.js';
import { operationKinds } from '../../model/operations.js';
import { leftovers, operationContext } from '../support/facts.js';
import { changingActivities, expectedSteps, expectedUndo, readingActivities } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import type { Call } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('retries');

const changes = operationKinds.flatMap((kind) =>
  expectedSteps[kind].flatMap((step) =>
    step.activity === undefined || step.step === 'read' ? [] : [{ kind, ...step, activity: step.activity }],
  ),
);
const roundOf = (call: Call | undefined): number | undefined => (call?.args[0] as OperationContext | undefined)?.round;

/** The host is dirty, so that the step `reset` is not skipped. */
const start = async (kind: (typeof operationKinds)[number], name: string, policy = {}) => {
  const context = operationContext({
    kind,
    cluster: uniqueName(name),
    policy: { resetDirtyHosts: 'when-ours', ...policy },
  });
  const script = harness().script(context.cluster);
  script.world.hosts[context.target.name] = hostOf(context, leftovers(context.cluster));
  return { context, script, begin: () => harness().start(context) };
};

describe.concurrent('R3: a step that failed blocks, and a retry reads the world anew, in a new round', () => {
  test.concurrent.for(changes)(
    '$kind: $step',
    async ({ kind, step, activity, retriedInPlace, restsOn, skippable = false }) => {
      const { script, begin } = await start(kind, step);
      script.on(activity, fails('CommandFailed', { message: 'it went wrong', remedy: 'mend it' }));
      const handle = await begin();
      const undo = expectedUndo(kind, step);
      expect(await blocked(handle)).toMatchObject({
        type: 'CommandFailed',
        step,
        message: 'it went wrong',
        remedy: 'mend it',
        evidence: ['evidence of CommandFailed'],
        choices: ['retry', ...(skippable ? ['skip'] : []), ...(undo.length === 0 ? [] : ['rollback']), 'abort'],
      });
      const before = script.calls.length;
      await decide(handle, 'retry');
      expect(await ended(handle)).toMatchObject({ status: 'completed' });

      const after = script.calls.slice(before);
      const names = after.map((call) => call.activity);
      const all = changingActivities(kind, 'dirty');
      if (retriedInPlace === true) {
        expect(names).toEqual(all.slice(all.indexOf(restsOn ?? activity)));
      } else {
        expect(names.slice(0, 3).toSorted()).toEqual(readingActivities);
        // The reset before made the host clean, unless it was not done yet.
        expect(names.slice(3)).toEqual(
          all.indexOf(activity) <= all.indexOf('resetHost') ? all : changingActivities(kind),
        );
      }
      expect(new Set(after.map(roundOf))).toEqual(new Set([1]));
      const { steps } = await progressOf(handle);
      expect(steps.filter(({ state }) => state !== 'done' && state !== 'skipped')).toEqual([]);
    },
  );
});

describe.concurrent('a host that cannot be reached', () => {
  test('is tried again in place until the budget is spent, then the operation blocks', async () => {
    const { script, begin } = await start('join-worker', 'budget', { unreachableBudgetMs: 1_500 });
    script.on('prepareHost', ...Array.from({ length: 9 }, () => fails('Unreachable')));
    const handle = await begin();
    expect(await blocked(handle)).toMatchObject({ type: 'Unreachable', step: 'prepare' });
    // At 0 s, 1 s (both within the budget) and 3 s.
    expect(script.callsOf('prepareHost')).toHaveLength(3);
    await handle.terminate('enough seen');
  });

  test('that comes back within the budget is not noticed by the operation', async () => {
    const { script, begin } = await start('join-worker', 'back', { unreachableBudgetMs: 60_000 });
    script.on('prepareHost', fails('Unreachable'));
    const handle = await begin();
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions).toEqual([]);
    expect(script.callsOf('prepareHost').map(roundOf)).toEqual([0, 0]);
  });

  test('while reading blocks without anything to undo', async () => {
    const { script, begin } = await start('join-worker', 'reading');
    script.on('readHost', fails('Unreachable'));
    const handle = await begin();
    expect(await blocked(handle)).toMatchObject({ type: 'Unreachable', step: 'read', choices: ['retry', 'abort'] });
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  });

  const lost = changes.filter(({ kind }) => kind === 'join-control-plane');
  const attached = lost.filter(({ attaches }) => attaches === true);
  test.concurrent.for(attached)(
    'at $step: the command may still run, so a retry attaches to it in the same round',
    async ({ kind, activity }) => {
      const { script, begin } = await start(kind, 'attach');
      script.on(activity, fails('Unreachable'));
      const handle = await begin();
      expect((await blocked(handle)).consequences.retry).toMatch(
        /^goes on with "[^"]+": a command that runs on the host is found again; where none was begun, the world is read first$/,
      );
      const before = script.calls.length;
      await decide(handle, 'retry');
      expect(await ended(handle)).toMatchObject({ status: 'completed' });
      expect(script.names()[before]).toBe(activity);
      expect(
        script
          .callsOf(activity)
          .slice(0, 2)
          .map((call) => [roundOf(call), call.args[2]]),
      ).toEqual([
        [0, activity === 'resetHost' ? {} : undefined],
        [0, { attach: true }],
      ]);
    },
  );

  test.concurrent.for(lost.filter((step) => step.attaches !== true && step.retriedInPlace !== true))(
    'at $step: no command goes on there, so a retry reads anew',
    async ({ kind, activity }) => {
      const { script, begin } = await start(kind, 'no-unit');
      script.on(activity, fails('Unreachable'));
      const handle = await begin();
      expect((await blocked(handle)).consequences.retry).toMatch(/^goes on from "read cp3, .*" in a new round; /);
      const before = script.calls.length;
      await decide(handle, 'retry');
      expect(await ended(handle)).toMatchObject({ status: 'completed' });
      expect(
        script
          .names()
          .slice(before, before + 3)
          .toSorted(),
      ).toEqual(readingActivities);
      expect(script.callsOf(activity).map(roundOf)).toEqual([0, 1]);
    },
  );
});

test.concurrent('what is not ready yet is waited for in place, by its own budget', async () => {
  const { script, begin } = await start('join-worker', 'ready', { readyBudgetMs: 500, unreachableBudgetMs: 60_000 });
  script.on('proveWorker', fails('NodeNotReady'), fails('NodeNotReady', { message: 'not Ready for 1 s' }));
  const handle = await begin();
  expect(await blocked(handle)).toMatchObject({ type: 'NodeNotReady', message: 'not Ready for 1 s', step: 'prove' });
  expect(script.callsOf('proveWorker')).toHaveLength(2);
  await decide(handle, 'retry');
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
  expect(script.callsOf('runKubeadm')).toHaveLength(1);
});

test.concurrent('an error that nobody foresaw blocks with a typed reason, and is not retried in place', async () => {
  const { script, begin } = await start('join-worker', 'defect', { unreachableBudgetMs: 60_000 });
  script.on('prepareHost', () => Promise.reject(new TypeError('x is not a function')));
  const handle = await begin();
  expect(await blocked(handle)).toMatchObject({
    type: 'CommandFailed',
    message: 'x is not a function',
    remedy: expect.stringContaining('defect') as unknown,
  });
  expect(script.callsOf('prepareHost')).toHaveLength(1);
  await handle.terminate('enough seen');
});
