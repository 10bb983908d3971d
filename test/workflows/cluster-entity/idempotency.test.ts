import { WorkflowUpdateFailedError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { operationContext } from '../../support/facts.js';
import { resetRun } from '../../support/reset.js';
import { gate } from '../../support/scripted-activities.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';
import { eventually } from '../../support/workflow-harness.js';

const harness = useHarness('idempotency');

const join = (cluster: string, host = 'w2', key = 'k') => operationContext({ kind: 'join-worker', cluster, host, key });
const runIdOf = async (cluster: string): Promise<string> => (await harness().entity(cluster).describe()).runId;

describe.concurrent('the same operation id is never run twice', () => {
  test('asked for at the same moment, on a cluster that nobody asked before', async () => {
    const cluster = uniqueName('at-once');
    const context = join(cluster);
    const answers = await Promise.all(Array.from({ length: 5 }, () => harness().submit(context)));
    for (const { operation, workflowId } of answers) {
      expect({ operation, workflowId }).toEqual({
        operation: context.operation,
        workflowId: `op/${cluster}/join-worker/w2`,
      });
    }
    await harness().allEnded(cluster, 1);
    expect(harness().script(cluster).callsOf('runKubeadm')).toHaveLength(1);
  });

  test('asked for again while it runs, waits, and after it ended', async () => {
    const cluster = uniqueName('again');
    const [first, second] = [join(cluster, 'w2', 'a'), join(cluster, 'w2', 'b')] as const;
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    await harness().submit(first);
    await harness().submit(second);
    await held.reached;
    expect(await harness().submit(first)).toMatchObject({ position: 0 });
    expect(await harness().submit(second)).toMatchObject({ position: 1 });
    const { running, waiting } = await harness().queue(cluster);
    expect([running.length, waiting.length]).toEqual([1, 1]);
    held.open();
    await harness().allEnded(cluster, 2);
    await harness().submit(first);
    await harness().submit(second);
    const queue = await harness().queue(cluster);
    expect([queue.running.length, queue.waiting.length, queue.ended.length]).toEqual([0, 0, 2]);
    expect(harness().script(cluster).callsOf('runKubeadm')).toHaveLength(2);
  });
});

describe.concurrent('continue-as-new', () => {
  const limits = { updatesBeforeContinueAsNew: 3 };

  test('when idle keeps what has ended, so that its ids are still known', async () => {
    const cluster = uniqueName('keeps');
    const context = join(cluster);
    await harness().submit(context, { limits, updateId: 'u1' });
    const past = await harness().allEnded(cluster, 1);
    const before = await runIdOf(cluster);
    await harness().submit(context);
    await harness().submit(context);
    const after = await eventually(async () => {
      const now = await runIdOf(cluster);
      return now === before ? undefined : now;
    }, 'a new run of the entity');
    expect((await harness().queue(cluster)).ended).toEqual(past);
    // Also with the id of an update that the server has forgotten with the old run.
    expect(await harness().submit(context, { updateId: 'u1' })).toMatchObject({ position: 0 });
    expect((await harness().queue(cluster)).running).toEqual([]);
    expect(harness().script(cluster).callsOf('runKubeadm')).toHaveLength(1);
    expect(await runIdOf(cluster)).toBe(after);
    // The limits went along.
    await harness().submit(context);
    await harness().submit(context);
    await eventually(async () => ((await runIdOf(cluster)) === after ? undefined : true), 'one more new run');
  });

  test('waits while an operation runs; what is new is refused meanwhile, what is known is not', async () => {
    const cluster = uniqueName('busy');
    const context = join(cluster);
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    await harness().submit(context, { limits });
    await held.reached;
    const before = await runIdOf(cluster);
    const waiting = join(cluster, 'w2', 'second');
    await harness().submit(waiting);
    await harness().submit(context);
    const refused = await harness()
      .submit(join(cluster, 'w3'))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
    expect((refused as WorkflowUpdateFailedError).cause).toMatchObject({ type: 'QueueFull' });
    expect(await harness().submit(context)).toMatchObject({ operation: context.operation, position: 0 });
    expect(await harness().submit(waiting)).toMatchObject({ operation: waiting.operation, position: 1 });
    expect(await runIdOf(cluster)).toBe(before);
    held.open();
    await eventually(async () => ((await runIdOf(cluster)) === before ? undefined : true), 'a new run of the entity');
    await harness().submit(join(cluster, 'w3'));
    const past = await harness().allEnded(cluster, 3);
    expect(past.map(({ host, outcome }) => [host, outcome])).toEqual([
      ['w2', 'finished'],
      ['w2', 'finished'],
      ['w3', 'finished'],
    ]);
  });

  test('then lost: the next one reads what the last run knew', async () => {
    const cluster = uniqueName('renewed-and-lost');
    const [first, second] = [join(cluster), join(cluster, 'w3')];
    await harness().submit(first, { limits });
    await harness().allEnded(cluster, 1);
    const before = await runIdOf(cluster);
    await harness().submit(first);
    await harness().submit(first);
    const renewed = await eventually(async () => {
      const now = await runIdOf(cluster);
      return now === before ? undefined : now;
    }, 'a new run of the entity');
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    await harness().submit(second);
    await held.reached;
    const { runId } = (await harness().queue(cluster)).running[0] ?? {};
    await harness().entity(cluster).terminate('by hand');
    await harness().submit(first);
    expect(await runIdOf(cluster)).not.toBe(renewed);
    held.open();
    expect(await harness().allEnded(cluster, 2)).toMatchObject([
      { operation: first.operation, outcome: 'finished' },
      { operation: second.operation, outcome: 'finished', runId },
    ]);
    expect(harness().script(cluster).callsOf('runKubeadm')).toHaveLength(2);
  });

  test('reset: what the run before had ended stays known, and what it ended itself is not begun again', async () => {
    const cluster = uniqueName('renewed-and-reset');
    const [first, second] = [join(cluster), join(cluster, 'w3')];
    await harness().submit(first, { limits });
    await harness().allEnded(cluster, 1);
    const before = await runIdOf(cluster);
    await harness().submit(first);
    await harness().submit(first);
    await eventually(async () => ((await runIdOf(cluster)) === before ? undefined : true), 'a new run of the entity');
    await harness().submit(second);
    const past = await harness().allEnded(cluster, 2);
    await resetRun(harness().entity(cluster), await runIdOf(cluster));
    await harness().submit(second);
    expect(await harness().allEnded(cluster, 2)).toMatchObject(
      past.map(({ operation, outcome, runId }) => ({ operation, outcome, runId })),
    );
    expect(harness().script(cluster).callsOf('runKubeadm')).toHaveLength(2);
  });

  test('remembers no more than it may', async () => {
    const cluster = uniqueName('bounded');
    for (const host of ['w2', 'w3', 'w4']) {
      await harness().submit(join(cluster, host), { limits: { rememberedOperations: 2 } });
    }
    await eventually(async () => {
      const { running, waiting, ended } = await harness().queue(cluster);
      return running.length + waiting.length === 0 && ended.length === 2 ? true : undefined;
    }, 'two remembered');
    expect(harness().script(cluster).callsOf('runKubeadm')).toHaveLength(3);
  });
});
