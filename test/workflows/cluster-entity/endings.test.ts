import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import type { OperationContext } from '../../../src/model/operation.js';
import { operationContext } from '../../support/facts.js';
import { fails, gate } from '../../support/scripted-activities.js';
import type { Gate } from '../../support/scripted-activities.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';
import { blocked, decide, eventually, workflowIdOf } from '../../support/workflow-harness.js';

const harness = useHarness('endings');

const handleOf = async (context: OperationContext): Promise<WorkflowHandle> => {
  const handle = harness().client.workflow.getHandle(workflowIdOf(context));
  await eventually(() => handle.describe(), `${context.operation} begun`);
  return handle;
};

const ways: readonly {
  readonly name: string;
  readonly end: (handle: WorkflowHandle, held: Gate) => Promise<void>;
  readonly expected: { outcome: string; message?: RegExp };
}[] = [
  { name: 'it finished', end: async (_handle, held) => held.open(), expected: { outcome: 'finished' } },
  {
    name: 'it was cancelled',
    end: async (handle) => {
      await handle.cancel();
    },
    expected: { outcome: 'cancelled' },
  },
  {
    name: 'it was terminated',
    end: async (handle) => {
      await handle.terminate('by hand');
    },
    expected: { outcome: 'terminated', message: /nothing was undone; the next operation reads the world first/ },
  },
];

const lastOf = async (context: OperationContext) => (await harness().allEnded(context.cluster, 1))[0];

describe.concurrent('every ending of an operation is recorded, and the next one may run', () => {
  test.concurrent.for(ways)('$name', async ({ end, expected }) => {
    const context = operationContext({ cluster: uniqueName('ending') });
    const next = operationContext({ cluster: context.cluster, host: 'cp4' });
    const held = gate();
    harness().script(context.cluster).on('prepareHost', held.hold);
    await harness().submit(context);
    await harness().submit(next);
    await held.reached;
    const handle = await handleOf(context);
    const { runId } = await handle.describe();
    await end(handle, held);
    const [first, second] = await harness().allEnded(context.cluster, 2);
    expect(first).toMatchObject({
      operation: context.operation,
      outcome: expected.outcome,
      runId,
      workflowId: `change/${context.cluster}`,
    });
    if (expected.message === undefined) expect(first?.message).toBeUndefined();
    else expect(first?.message).toMatch(expected.message);
    expect(second).toMatchObject({ operation: next.operation, outcome: 'finished' });
  });

  test('it failed before any change', async () => {
    const context = operationContext({ cluster: uniqueName('failed') });
    harness().script(context.cluster).on('readHost', fails('HostKeyMismatch'));
    await harness().submit(context);
    expect(await lastOf(context)).toMatchObject({ outcome: 'failed', message: 'HostKeyMismatch on purpose' });
  });

  test.concurrent.for([
    ['rollback', 'rolled-back', /^rolled back by ann@desk; undone: join, register, credentials$/],
    ['abort', 'aborted', /^aborted by ann@desk while blocked by CommandFailed/],
  ] as const)('somebody decided %s', async ([action, outcome, message]) => {
    const context = operationContext({ cluster: uniqueName(action) });
    harness().script(context.cluster).on('runKubeadm', fails('CommandFailed'));
    await harness().submit(context);
    const handle = await handleOf(context);
    await blocked(handle);
    await decide(handle, action);
    const last = await lastOf(context);
    expect(last?.outcome).toBe(outcome);
    expect(last?.message).toMatch(message);
  });

  test('an undo was given up', async () => {
    const context = operationContext({ cluster: uniqueName('given-up') });
    const script = harness().script(context.cluster);
    script.on('runKubeadm', fails('CommandFailed'));
    script.on('undoJoin', fails('CommandFailed'));
    await harness().submit(context);
    const handle = await handleOf(context);
    await blocked(handle);
    await decide(handle, 'rollback');
    await blocked(handle, 1);
    await decide(handle, 'abort');
    expect(await lastOf(context)).toMatchObject({ outcome: 'failed' });
  });

  test('an operator reset it: the new run is followed to its end', async () => {
    const context = operationContext({ cluster: uniqueName('reset') });
    harness().script(context.cluster).on('prepareHost', fails('CommandFailed'));
    await harness().submit(context);
    const handle = await handleOf(context);
    await blocked(handle);
    const { events } = await handle.fetchHistory();
    const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes);
    const { runId } = await handle.describe();
    if (firstTask?.eventId === undefined) throw new Error('no completed workflow task');
    const { client } = harness();
    const answer = await client.workflowService.resetWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId: handle.workflowId, runId },
      workflowTaskFinishEventId: firstTask.eventId,
      reason: 'a test',
      requestId: crypto.randomUUID(),
    });
    expect(answer.runId).not.toBe(runId);
    expect(await lastOf(context)).toMatchObject({ operation: context.operation, outcome: 'finished' });
    expect(harness().script(context.cluster).callsOf('readHost')).toHaveLength(2);
    expect((await harness().client.workflow.getHandle(handle.workflowId).describe()).runId).toBe(answer.runId);
  });
});
