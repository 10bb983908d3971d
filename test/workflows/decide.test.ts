import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { names } from '../../model/messages.js';
import { operationContext } from '../support/facts.js';
import { fails, gate } from '../support/scripted-activities.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { acceptedUpdates, blocked, ended, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('decide');

const send = (handle: WorkflowHandle, decision: unknown, updateId?: string): Promise<unknown> =>
  handle.executeUpdate<unknown, [unknown]>(names.updates.decide, {
    args: [decision],
    ...(updateId === undefined ? {} : { updateId }),
  });

/** Why an update was refused. */
const refusal = async (handle: WorkflowHandle, decision: unknown): Promise<ApplicationFailure> => {
  const error: unknown = await send(handle, decision).then(
    () => undefined,
    (refused: unknown) => refused,
  );
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) {
    throw new Error(`it was not refused: ${JSON.stringify(decision)}`, { cause: error });
  }
  return error.cause;
};

const blockedJoin = async (name: string) => {
  const context = operationContext({ kind: 'join-worker', cluster: uniqueName(name) });
  const script = harness().script(context.cluster);
  script.on('prepareHost', fails('CommandFailed'));
  const handle = await harness().start(context);
  await blocked(handle);
  return { context, script, handle };
};

describe.concurrent('a decision that makes no sense is refused, with the reason, and leaves no event', () => {
  test.for([
    ['nobody decides', { action: 'retry', by: '', reason: '' }, 'InvalidDecision', /by: say who decides/],
    ['no `by`', { action: 'retry' }, 'InvalidDecision', /by: /],
    ['an unknown action', { action: 'wait', by: 'ann' }, 'InvalidDecision', /action: /],
    ['a word', 'retry', 'InvalidDecision', /send \{"action": "retry \| skip \| approve \| rollback \| abort"/],
    ['nothing', undefined, 'InvalidDecision', /not a decision/],
    [
      'the line of the page as it stands there',
      { action: 'retry', by: 'YOUR NAME', reason: 'WHY' },
      'InvalidDecision',
      /by: say who you are instead of YOUR NAME; reason: say why instead of WHY/,
    ],
    ['a long story', { action: 'retry', by: 'ann', reason: 'x'.repeat(1_001) }, 'InvalidDecision', /reason: /],
    [
      'an approval of what needs none',
      { action: 'approve', by: 'ann' },
      'ChoiceRefused',
      /blocked by CommandFailed; choose one of: retry, skip, abort$/,
    ],
    ['a rollback of nothing', { action: 'rollback', by: 'ann' }, 'ChoiceRefused', /choose one of: retry, skip, abort$/],
  ] as const)('%s', async ([, decision, type, message]) => {
    const { handle } = await blockedJoin('refused');
    const failure = await refusal(handle, decision);
    expect(failure.type).toBe(type);
    expect(failure.message).toMatch(message);
    expect(await acceptedUpdates(handle)).toBe(0);
    expect((await progressOf(handle)).blocked).toMatchObject({ type: 'CommandFailed' });
    await handle.terminate('enough seen');
  });

  test('while a step runs there is nothing to decide', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('running') });
    const held = gate();
    harness().script(context.cluster).on('prepareHost', held.hold);
    const handle = await harness().start(context);
    await held.reached;
    const failure = await refusal(handle, { action: 'retry', by: 'ann' });
    expect(failure).toMatchObject({
      type: 'NotBlocked',
      message: `${context.operation} is running and waits for nobody; there is nothing to decide`,
    });
    expect(await acceptedUpdates(handle)).toBe(0);
    held.open();
    await ended(handle);
  });

  test('after the end the operation is not there to decide any more', async () => {
    const { handle } = await blockedJoin('over');
    await send(handle, { action: 'abort', by: 'ann' });
    await ended(handle);
    await expect(send(handle, { action: 'retry', by: 'ann' })).rejects.toThrow(/not found|already completed/i);
  });
});

describe.concurrent('a decision that makes sense', () => {
  test('answers what was accepted, and is remembered with who, why and when', async () => {
    const { handle } = await blockedJoin('accepted');
    const answer = await send(handle, { action: 'retry', by: 'ann@desk', reason: 'mended' });
    expect(answer).toEqual({ accepted: true, action: 'retry' });
    await ended(handle);
    const [decision] = (await progressOf(handle)).decisions;
    expect(decision).toMatchObject({ action: 'retry', by: 'ann@desk', reason: 'mended' });
    expect(Date.parse(decision?.at ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  test('needs no reason', async () => {
    const { handle } = await blockedJoin('reason');
    await send(handle, { action: 'abort', by: 'ann' });
    expect((await progressOf(handle)).decisions).toMatchObject([{ reason: '' }]);
  });

  test('of two at the same moment one is taken, the other refused', async () => {
    const { handle } = await blockedJoin('two');
    const both = await Promise.allSettled([
      send(handle, { action: 'retry', by: 'ann' }),
      send(handle, { action: 'abort', by: 'bob' }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await ended(handle);
    expect((await progressOf(handle)).decisions).toHaveLength(1);
  });

  test('sent twice under one update id counts once', async () => {
    const { handle, script } = await blockedJoin('idempotent');
    script.on('prepareHost', fails('CommandFailed'));
    const decision = { action: 'retry', by: 'ann' };
    const first = await send(handle, decision, 'retry-1');
    await blocked(handle, 1);
    expect(await send(handle, decision, 'retry-1')).toEqual(first);
    expect((await progressOf(handle)).decisions).toHaveLength(1);
    await handle.terminate('enough seen');
  });
});

test.concurrent('a decision for many is accepted at once, and each goes on at its time', async () => {
  const { handle, script } = await blockedJoin('later');
  const began = Date.now();
  await send(handle, { action: 'retry', by: 'ann', reason: 'the power is back', afterMs: 3_000 });
  expect(Date.now() - began).toBeLessThan(2_500);
  const progress = await progressOf(handle);
  expect(progress.blocked).toBeUndefined();
  expect(progress.decisions).toMatchObject([{ action: 'retry', by: 'ann' }]);
  expect(script.callsOf('prepareHost')).toHaveLength(1);
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
  expect(Date.now() - began).toBeGreaterThan(2_900);
});

test.concurrent('a cancel meanwhile is honoured', async () => {
  const { handle } = await blockedJoin('later-cancelled');
  await send(handle, { action: 'retry', by: 'ann', afterMs: 60_000 });
  await handle.cancel();
  expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
});
