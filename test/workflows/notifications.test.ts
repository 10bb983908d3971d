import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { OperationEvent } from '../../model/notifications/operation-event.js';

import { operationContext } from '../support/facts.js';
import { fails, gate } from '../support/scripted-activities.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import {
  blocked,
  by,
  decide,
  ended,
  eventually,
  progressOf,
  resetWorkflow,
  workflowIdOf,
} from '../support/workflow-harness.js';

const harness = useHarness('notifications');

/** An operation that tells a webhook of its own. */
const told = (name: string, overrides: Parameters<typeof operationContext>[0] = {}) => {
  const webhook = uniqueName('hook');
  const context = operationContext({
    kind: 'join-worker',
    cluster: uniqueName(name),
    notify: [webhook],
    ...overrides,
  });
  /** Every attempt to tell it, in the order of the attempts. */
  const events = (): OperationEvent[] =>
    harness()
      .script(webhook)
      .callsOf('notify')
      .map(({ args: [, event] }) => OperationEvent.strict().parse(event));
  return { context, webhook, script: harness().script(context.cluster), events };
};
type Told = ReturnType<typeof told>;

/** What the webhook was told, oldest event first, once it was told so many and no delivery is under way any more. */
const settled = async ({ context, webhook, events }: Told, count: number): Promise<OperationEvent[]> => {
  await eventually(async () => (events().length >= count ? true : undefined), `${webhook} told ${count} times`);
  // Whatever else was begun has begun by now: the operation has ended, and so have all deliveries.
  const query = `WorkflowType = 'deliverNotification' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH 'notify/${context.cluster}/'`;
  await eventually(async () => {
    const { count: running } = await harness().client.workflow.count(query);
    return running === 0 ? true : undefined;
  }, 'every delivery ended');
  return events().toSorted((a, b) => a.at.localeCompare(b.at) || a.id.localeCompare(b.id));
};

const common = ({ context }: Told) => ({
  id: expect.stringContaining(`${context.operation}/`) as unknown,
  at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
  operation: context.operation,
  cluster: context.cluster,
  kind: context.kind,
  host: context.target.name,
  by,
});
const blockedEvent = (one: Told, step: string, type: string, more = {}) => ({
  ...common(one),
  type: 'operation.blocked',
  blocked: {
    type,
    step,
    message: expect.any(String) as unknown,
    remedy: expect.any(String) as unknown,
    evidence: [`evidence of ${type}`],
    choices: expect.arrayContaining(['retry', 'abort']) as unknown,
    consequences: expect.objectContaining({ abort: expect.any(String) as unknown }) as unknown,
    question: 1,
    ...more,
  },
});
const resumedEvent = (one: Told, action: string, reason = '', who = by) => ({
  ...common(one),
  type: 'operation.resumed',
  decision: { action, by: who, reason },
});
const endedEvent = (one: Told, outcome: string, summary: RegExp) => ({
  ...common(one),
  type: 'operation.ended',
  outcome,
  summary: expect.stringMatching(summary) as unknown,
});

const submitted = async ({ context }: Told): Promise<WorkflowHandle> => {
  await harness().submit(context);
  const handle = harness().client.workflow.getHandle(workflowIdOf(context));
  await eventually(() => handle.describe(), `${context.operation} begun`);
  return handle;
};

describe.concurrent('each thing that happens is told once, with all of it', () => {
  test('finished: one event, from an operation that never blocked', async () => {
    const one = told('finished');
    await ended(await submitted(one));
    expect(await settled(one, 1)).toEqual([endedEvent(one, 'finished', /^w2 is a worker of finished-.*: Node Ready$/)]);
  });

  test('blocked, resumed by a decision, finished', async () => {
    const one = told('resumed');
    one.script.on('prepareHost', fails('CommandFailed', { message: 'modprobe: not found', remedy: 'install kmod' }));
    const handle = await submitted(one);
    await blocked(handle);
    await decide(handle, 'retry', 'installed');
    await ended(handle);
    expect(await settled(one, 3)).toEqual([
      blockedEvent(one, 'prepare', 'CommandFailed', {
        message: 'modprobe: not found',
        remedy: 'install kmod',
      }),
      resumedEvent(one, 'retry', 'installed'),
      endedEvent(one, 'finished', /^w2 is a worker/),
    ]);
  });

  test('resumed by itself, when the cause was seen gone', async () => {
    const one = told('by-itself', { policy: { resumeWhenHealthy: true, probeEveryMs: 1_000 } });
    one.script.on('prepareHost', fails('Unreachable'));
    one.script.on('probeCause', async () => 'w2 answers again');
    await ended(await submitted(one));
    const [block, resume, end, ...more] = await settled(one, 3);
    expect(block).toEqual(
      blockedEvent(one, 'prepare', 'Unreachable', { watching: 'whether the host answers over SSH' }),
    );
    expect(resume).toEqual(resumedEvent(one, 'retry', 'w2 answers again', 'quorate'));
    expect(end).toEqual(endedEvent(one, 'finished', /./));
    expect(more).toEqual([]);
  });

  test('failed before any change', async () => {
    const one = told('failed');
    one.script.on('readHost', fails('HostKeyMismatch', { remedy: 'compare the keys' }));
    await ended(await submitted(one));
    expect(await settled(one, 1)).toEqual([
      endedEvent(one, 'failed', /^HostKeyMismatch on purpose. compare the keys. Nothing was changed$/),
    ]);
  });

  test('cancelled while it ran', async () => {
    const one = told('cancelled');
    const held = gate();
    one.script.on('runKubeadm', held.hold);
    const handle = await submitted(one);
    await held.reached;
    await handle.cancel();
    await ended(handle);
    expect(await settled(one, 1)).toEqual([endedEvent(one, 'cancelled', /^cancelled; undone: join, credentials$/)]);
  });

  test('cancelled while it was blocked: nobody resumed it', async () => {
    const one = told('cancelled-blocked');
    one.script.on('prepareHost', fails('CommandFailed'));
    const handle = await submitted(one);
    await blocked(handle);
    await handle.cancel();
    await ended(handle);
    expect((await settled(one, 2)).map(({ type, outcome }) => [type, outcome])).toEqual([
      ['operation.blocked', undefined],
      ['operation.ended', 'cancelled'],
    ]);
  });

  test.for([
    ['rollback', 'rolled-back', /^rolled back by ann@desk; undone: join, credentials$/],
    ['abort', 'aborted', /^aborted by ann@desk while blocked by CommandFailed \(not today\); everything is left/],
  ] as const)('the decision %s', async ([action, outcome, summary]) => {
    const one = told(outcome);
    one.script.on('runKubeadm', fails('CommandFailed'));
    const handle = await submitted(one);
    await blocked(handle);
    await decide(handle, action, 'not today');
    await ended(handle);
    expect(await settled(one, 3)).toEqual([
      blockedEvent(one, 'join', 'CommandFailed'),
      resumedEvent(one, action, 'not today'),
      endedEvent(one, outcome, summary),
    ]);
  });

  test('an undo that fails blocks again, and given up it is failed', async () => {
    const one = told('given-up');
    one.script.on('runKubeadm', fails('CommandFailed'));
    one.script.on('undoJoin', fails('HostRebooted'));
    const handle = await submitted(one);
    await blocked(handle);
    await decide(handle, 'rollback');
    await blocked(handle, 1);
    await decide(handle, 'abort');
    await ended(handle);
    expect((await settled(one, 5)).map(({ type, blocked: at, outcome }) => [type, at?.type ?? outcome])).toEqual([
      ['operation.blocked', 'CommandFailed'],
      ['operation.resumed', undefined],
      ['operation.blocked', 'UndoFailed'],
      ['operation.resumed', undefined],
      ['operation.ended', 'failed'],
    ]);
  });

  test('every webhook that the specification names is told', async () => {
    const one = told('several');
    const other = uniqueName('hook');
    await ended(await harness().start({ ...one.context, notify: [one.webhook, other] }));
    expect(await settled(one, 1)).toHaveLength(1);
    const ofOther = harness().script(other).callsOf('notify');
    expect(ofOther.map(({ args }) => args)).toEqual([[other, one.events()[0]]]);
  });

  test('the ids of events are all different', async () => {
    const one = told('ids');
    one.script.on('prepareHost', fails('CommandFailed'), fails('CommandFailed'));
    const handle = await submitted(one);
    for (const decisions of [0, 1]) {
      await blocked(handle, decisions);
      await decide(handle, 'retry');
    }
    await ended(handle);
    const ids = (await settled(one, 5)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
  });
});

describe.concurrent('terminated: the cluster entity tells, as the operation cannot', () => {
  const terminated = /^terminated from outside: nothing was undone/;
  const heldJoin = async (name: string, overrides: Parameters<typeof operationContext>[0] = {}) => {
    const one = told(name, { kind: 'join-control-plane', ...overrides });
    const held = gate();
    one.script.on('prepareHost', held.hold);
    const handle = await submitted(one);
    await held.reached;
    return { one, handle, held };
  };
  const entityOf = ({ context }: Told) => harness().entity(context.cluster);
  const watched = ({ script }: Told) =>
    eventually(async () => (script.callsOf('watchOperation').length > 0 ? true : undefined), 'it is watched');

  test('under an entity that saw it begin', async () => {
    const { one, handle } = await heldJoin('terminated');
    await handle.terminate('by hand');
    await harness().allEnded(one.context.cluster, 1);
    expect(await settled(one, 1)).toEqual([endedEvent(one, 'terminated', terminated)]);
  });

  test('under an entity that begins a new run at once', async () => {
    const one = told('continued', { kind: 'join-control-plane' });
    const held = gate();
    one.script.on('prepareHost', held.hold);
    await harness().submit(one.context, { limits: { updatesBeforeContinueAsNew: 1 } });
    await held.reached;
    const { runId } = await entityOf(one).describe();
    await harness().client.workflow.getHandle(workflowIdOf(one.context)).terminate('by hand');
    await eventually(
      async () => ((await entityOf(one).describe()).runId === runId ? undefined : true),
      'a new run of the entity',
    );
    expect(await settled(one, 1)).toEqual([endedEvent(one, 'terminated', terminated)]);
  });

  test('under an entity that was itself lost, and finds it when it is asked for again', async () => {
    const { one, handle } = await heldJoin('adopted');
    await entityOf(one).terminate('by hand');
    await harness().submit(one.context);
    await watched(one);
    await handle.terminate('this one too');
    await harness().allEnded(one.context.cluster, 1);
    const [only, ...more] = await settled(one, 1);
    expect(only).toMatchObject({ type: 'operation.ended', outcome: 'terminated', by });
    expect(more).toEqual([]);
  });

  test('under an entity that was itself lost, and finds it when another one is asked for', async () => {
    const { one, handle } = await heldJoin('found');
    await entityOf(one).terminate('by hand');
    const next = operationContext({ cluster: one.context.cluster, host: 'cp4', notify: [one.webhook] });
    await harness().submit(next);
    await watched(one);
    await handle.terminate('this one too');
    await harness().allEnded(one.context.cluster, 2);
    expect((await settled(one, 2)).map(({ operation, outcome }) => [operation, outcome])).toEqual([
      [one.context.operation, 'terminated'],
      [next.operation, 'finished'],
    ]);
  });

  test('not told twice when the operation itself has ended, however the entity learns of it', async () => {
    const { one, held } = await heldJoin('once');
    await entityOf(one).terminate('by hand');
    await harness().submit(one.context);
    await watched(one);
    held.open();
    await harness().allEnded(one.context.cluster, 1);
    expect(await settled(one, 1)).toEqual([endedEvent(one, 'finished', /./)]);
  });
});

describe.concurrent('an operator resets the operation', () => {
  const again = ({ context }: Told): WorkflowHandle => harness().client.workflow.getHandle(workflowIdOf(context));

  test('to its beginning: what the new run does is told as something new, and the end of the old run is no event', async () => {
    const one = told('reset');
    one.script.on('prepareHost', fails('CommandFailed'), fails('SudoRefused'));
    const handle = await submitted(one);
    await blocked(handle);
    await eventually(async () => (one.events().length === 1 ? true : undefined), 'the first block told');
    await resetWorkflow(harness().client, handle.workflowId);
    const second = again(one);
    expect(await blocked(second)).toMatchObject({ type: 'SudoRefused' });
    await decide(second, 'retry');
    await harness().allEnded(one.context.cluster, 1);
    const events = await settled(one, 4);
    expect(events.map(({ type, blocked: at, outcome }) => [type, at?.type ?? outcome])).toEqual([
      ['operation.blocked', 'CommandFailed'],
      ['operation.blocked', 'SudoRefused'],
      ['operation.resumed', undefined],
      ['operation.ended', 'finished'],
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(4);
  });

  test('to a point after it told of the block: that is not told again, and the new run replays and goes on', async () => {
    const one = told('reset-late');
    one.script.on('prepareHost', fails('CommandFailed'));
    const handle = await submitted(one);
    await blocked(handle);
    await eventually(async () => (one.events().length === 1 ? true : undefined), 'the block told');
    await resetWorkflow(harness().client, handle.workflowId, 'last');
    const second = again(one);
    await blocked(second);
    await decide(second, 'retry', 'after the reset');
    await harness().allEnded(one.context.cluster, 1);
    expect((await progressOf(second)).outcome).toBe('finished');
    const events = await settled(one, 3);
    expect(events.map(({ type }) => type)).toEqual(['operation.blocked', 'operation.resumed', 'operation.ended']);
  });
});
