import { describe, expect, test } from 'vitest';
import { operationKinds } from '../../model/operations.js';
import { leftovers, operationContext } from '../support/facts.js';
import { changingActivities, expectedSteps, expectedUndo, readingActivities } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf, stepStates } from '../support/workflow-harness.js';

const harness = useHarness('skip');

const changes = operationKinds.flatMap((kind) =>
  expectedSteps[kind].flatMap((step) =>
    step.activity === undefined || step.step === 'read' ? [] : [{ kind, ...step, activity: step.activity }],
  ),
);
const skippable = changes.filter((step) => step.skippable === true);
const needed = changes.filter((step) => step.skippable !== true);

const failedAt = async ({ kind, activity, step }: (typeof changes)[number]) => {
  const context = operationContext({
    kind,
    cluster: uniqueName(`skip-${step}`),
    policy: { resetDirtyHosts: 'when-ours' },
  });
  const script = harness().script(context.cluster);
  // Dirty, so that the step `reset` runs.
  script.world.hosts[context.target.name] = hostOf(context, leftovers(context.cluster));
  script.on(activity, fails('CommandFailed', { message: 'it went wrong' }));
  return { script, handle: await harness().start(context) };
};

describe.concurrent('a step that nothing rests on', () => {
  test.concurrent.for(skippable)('$kind: $step is left out, and says what that means', async (one) => {
    const { script, handle } = await failedAt(one);
    expect((await blocked(handle)).consequences.skip).toMatch(/^goes on with(out)? /);
    const before = script.calls.length;
    await decide(handle, 'skip', 'there is one of an hour ago');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    const names = script.names().slice(before);
    const all = changingActivities(one.kind, 'dirty');
    const left = all.indexOf(one.activity);
    if (one.retriedInPlace === true) {
      expect(names).toEqual(all.slice(left + 1));
    } else {
      // R3: what follows acts on the world, which may be another since the operation waited; the step stays left out.
      expect(names.slice(0, 3).toSorted()).toEqual(readingActivities);
      const rest = left < all.indexOf('resetHost') ? all : changingActivities(one.kind);
      expect(names.slice(3)).toEqual(rest.filter((activity) => activity !== one.activity));
    }
    const progress = await progressOf(handle);
    expect(progress.steps.find(({ id }) => id === one.step)).toMatchObject({
      state: 'skipped',
      note: 'left out by ann@desk: it went wrong',
    });
    expect(progress.decisions).toMatchObject([{ action: 'skip', reason: 'there is one of an hour ago' }]);
  });

  test('is undone with the rest all the same: it may have done its work', async () => {
    const { script, handle } = await failedAt({
      kind: 'join-control-plane',
      step: 'enable',
      activity: 'enableBackend',
      skippable: true,
    });
    script.on('revokeCredentials', fails('CommandFailed'));
    await blocked(handle);
    await decide(handle, 'skip');
    await blocked(handle, 1);
    const before = script.calls.length;
    await decide(handle, 'rollback');
    expect(await ended(handle)).toMatchObject({ status: 'failed', type: 'RolledBack' });
    expect(script.names().slice(before)).toEqual(expectedUndo('join-control-plane', 'revoke'));
  });
});

test.concurrent.for(needed)('$kind: $step cannot be left out', async (one) => {
  const { handle } = await failedAt(one);
  expect((await blocked(handle)).choices).not.toContain('skip');
  await expect(decide(handle, 'skip')).rejects.toMatchObject({ cause: { type: 'ChoiceRefused' } });
  await handle.terminate('enough seen');
});

test.concurrent('an undo may be left out: the others are done, and nobody says that it was rolled back', async () => {
  const { script, handle } = await failedAt({
    kind: 'join-control-plane',
    step: 'prove',
    activity: 'proveControlPlane',
  });
  script.on('undoJoin', fails('CommandFailed', { message: 'the disk is full', remedy: 'make room' }));
  await blocked(handle);
  const before = script.calls.length;
  await decide(handle, 'rollback');
  expect((await blocked(handle, 1)).consequences).toMatchObject({
    skip: 'does not take cp3 out of the cluster again and clean it, and undoes the rest',
  });
  await decide(handle, 'skip');
  expect(await ended(handle)).toMatchObject({
    status: 'failed',
    type: 'UndoFailed',
    message: expect.stringContaining('undone: register, credentials; the rest was left as it is') as unknown,
  });
  expect(script.names().slice(before)).toEqual(['undoJoin', 'removeBackend', 'revokeCredentials']);
  expect(stepStates(await progressOf(handle))).toMatchObject({
    join: 'failed',
    register: 'undone',
    credentials: 'undone',
  });
});
