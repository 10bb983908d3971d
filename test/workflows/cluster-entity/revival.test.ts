import { describe, expect, test } from 'vitest';
import type { OperationContext } from '../../../model/operation.js';
import { operationContext } from '../../support/facts.js';
import { fails, gate } from '../../support/scripted-activities.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';
import { by, ended, eventually, workflowIdOf } from '../../support/workflow-harness.js';

const harness = useHarness('revival');

/** An exclusive operation that hangs in a step, under an entity that then is lost. */
const begun = async (name: string) => {
  const context = operationContext({ cluster: uniqueName(name) });
  const script = harness().script(context.cluster);
  const held = gate();
  script.on('prepareHost', held.hold);
  await harness().submit(context);
  await held.reached;
  const handle = harness().client.workflow.getHandle(workflowIdOf(context));
  const { runId } = await handle.describe();
  return { context, script, held, handle, runId };
};
const watching = (context: OperationContext): Promise<true> =>
  eventually(
    async () => (harness().script(context.cluster).callsOf('watchOperation').length > 0 ? true : undefined),
    'the operation is watched',
  );

describe.concurrent('an entity that was terminated while an operation ran', () => {
  test.concurrent('watches it to its end before it runs the next one', async () => {
    const { context, script, held, runId } = await begun('next');
    await harness().entity(context.cluster).terminate('by hand');
    const next = operationContext({ cluster: context.cluster, host: 'cp4' });
    await harness().submit(next);
    await watching(context);
    expect(script.callsOf('watchOperation')[0]?.args).toEqual([`change/${context.cluster}`, runId]);
    expect(script.callsOf('readHost')).toHaveLength(1);
    held.open();
    const past = await harness().allEnded(context.cluster, 2);
    expect(past).toMatchObject([
      { operation: context.operation, kind: context.kind, host: 'cp3', by, outcome: 'finished', runId },
      { operation: next.operation, outcome: 'finished' },
    ]);
    expect(past[1]?.runId).not.toBe(runId);
    const [first, second] = script.callsOf('readHost');
    const endOfFirst = script.callsOf('revokeCredentials')[0]?.ended ?? Number.POSITIVE_INFINITY;
    expect(second?.began).toBeGreaterThan(endOfFirst);
    expect(first?.args[0]).toMatchObject({ operation: context.operation });
    expect(second?.args[0]).toMatchObject({ operation: next.operation });
  });

  test.concurrent('adopts it when it is asked for again under the same id', async () => {
    const { context, script, held, runId } = await begun('adopts');
    await harness().entity(context.cluster).terminate('by hand');
    await harness().submit(context);
    await watching(context);
    expect((await harness().queue(context.cluster)).running).toMatchObject([{ operation: context.operation }]);
    held.open();
    expect(await harness().allEnded(context.cluster, 1)).toMatchObject([
      { operation: context.operation, outcome: 'finished', runId },
    ]);
    expect(script.callsOf('runKubeadm')).toHaveLength(1);
  });

  test.concurrent('sees that it is terminated while it is watched', async () => {
    const { context, handle } = await begun('terminated');
    await harness().entity(context.cluster).terminate('by hand');
    await harness().submit(context);
    await watching(context);
    await handle.terminate('this one too');
    expect(await harness().allEnded(context.cluster, 1)).toMatchObject([
      { operation: context.operation, outcome: 'terminated' },
    ]);
  });

  test.concurrent('watches it again when watching failed for good', async () => {
    const { context, script, held, runId } = await begun('unwatchable');
    await harness().entity(context.cluster).terminate('by hand');
    script.on('watchOperation', fails('CommandFailed'));
    const next = operationContext({ cluster: context.cluster, host: 'cp4' });
    await harness().submit(next);
    await watching(context);
    held.open();
    expect(await harness().allEnded(context.cluster, 2)).toMatchObject([
      { operation: context.operation, outcome: 'finished', runId },
      { operation: next.operation, outcome: 'finished' },
    ]);
    expect(script.callsOf('watchOperation')).toHaveLength(2);
  });

  test.concurrent('records one that ended in a way it does not know as failed', async () => {
    const { context, script, held } = await begun('strange');
    await harness().entity(context.cluster).terminate('by hand');
    script.on('watchOperation', async (otherwise) => ({
      ...(await otherwise()),
      outcome: 'vanished',
      message: 'gone',
    }));
    await harness().submit(context);
    await watching(context);
    held.open();
    expect(await harness().allEnded(context.cluster, 1)).toMatchObject([
      { operation: context.operation, outcome: 'failed', message: 'gone' },
    ]);
  });

  test.concurrent('does not run it again when it is asked for behind another one', async () => {
    const { context, script, held, runId } = await begun('behind');
    await harness().entity(context.cluster).terminate('by hand');
    const next = operationContext({ cluster: context.cluster, host: 'cp4' });
    await harness().submit(next);
    await harness().submit(context);
    await watching(context);
    held.open();
    expect(await harness().allEnded(context.cluster, 2)).toMatchObject([
      { operation: context.operation, by, outcome: 'finished', runId },
      { operation: next.operation, outcome: 'finished' },
    ]);
    expect(script.callsOf('runKubeadm')).toHaveLength(2);
    expect((await harness().queue(context.cluster)).waiting).toEqual([]);
  });
});

test.concurrent('an entity that was cancelled ends; the operation runs on, and the next entity finds it', async () => {
  const { context, held, handle, script } = await begun('cancelled');
  await harness().entity(context.cluster).cancel();
  expect(await ended(harness().entity(context.cluster))).toMatchObject({ status: 'cancelled' });
  expect((await handle.describe()).status.name).toBe('RUNNING');
  await harness().submit(context);
  await watching(context);
  held.open();
  expect(await harness().allEnded(context.cluster, 1)).toMatchObject([
    { operation: context.operation, outcome: 'finished' },
  ]);
  expect(script.callsOf('runKubeadm')).toHaveLength(1);
});

test.concurrent('an entity that is cancelled while it watches ends as well', async () => {
  const { context, held, handle } = await begun('cancelled-watching');
  await harness().entity(context.cluster).terminate('by hand');
  await harness().submit(operationContext({ cluster: context.cluster, host: 'cp4' }));
  await watching(context);
  await harness().entity(context.cluster).cancel();
  expect(await ended(harness().entity(context.cluster))).toMatchObject({ status: 'cancelled' });
  held.open();
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
});

describe.concurrent('an operation that somebody started beside the queue', () => {
  test.concurrent('holds the membership lock all the same, also when it does not tell what it is', async () => {
    const beside = operationContext({ cluster: uniqueName('beside') });
    const script = harness().script(beside.cluster);
    const held = gate();
    script.on('prepareHost', held.hold);
    await harness().start(beside);
    await held.reached;
    const next = operationContext({ cluster: beside.cluster, host: 'cp4' });
    await harness().submit(next);
    await watching(next);
    expect(script.callsOf('watchOperation')[0]?.args).toEqual([`change/${beside.cluster}`]);
    held.open();
    expect(await harness().allEnded(next.cluster, 1)).toMatchObject([
      { operation: next.operation, outcome: 'finished' },
    ]);
    const endOfFirst = script.callsOf('revokeCredentials')[0]?.ended ?? Number.POSITIVE_INFINITY;
    expect(script.callsOf('readHost')[1]?.began).toBeGreaterThan(endOfFirst);
  });
});

describe.concurrent('a lost queue that cannot be read', () => {
  /** The entity after one that was terminated over a running operation, and could not read it. */
  const unread = async (name: string) => {
    const lost = await begun(name);
    lost.script.on('recallQueue', fails('CommandFailed'));
    await harness().entity(lost.context.cluster).terminate('by hand');
    return lost;
  };

  test.concurrent('is said so, and what runs holds the membership lock all the same', async () => {
    const { context, held, runId } = await unread('unread');
    const next = operationContext({ cluster: context.cluster, host: 'cp4' });
    await harness().submit(next);
    await watching(context);
    const { currentDetails } = await harness()
      .entity(context.cluster)
      .query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toMatch(
      /\n\nThe queue before this one could not be read: ask again for what waited in it\.$/,
    );
    held.open();
    expect(await harness().allEnded(context.cluster, 2)).toMatchObject([
      { operation: context.operation, kind: context.kind, host: 'cp3', by: 'unknown', outcome: 'finished', runId },
      { operation: next.operation, outcome: 'finished' },
    ]);
  });

  test.concurrent('does not make an operation run again that is asked for once more', async () => {
    const { context, held, runId, script } = await unread('unread-again');
    held.open();
    await ended(harness().client.workflow.getHandle(workflowIdOf(context)));
    await harness().submit(context);
    expect(await harness().allEnded(context.cluster, 1)).toMatchObject([
      { operation: context.operation, by, outcome: 'finished', runId },
    ]);
    expect(script.callsOf('runKubeadm')).toHaveLength(1);
  });

  test.concurrent('nor when visibility does not answer either, while it runs', async () => {
    const { context, held, runId, script } = await unread('unread-unseen');
    script.on('findOperation', fails('CommandFailed'));
    await harness().submit(context);
    await watching(context);
    expect(script.callsOf('watchOperation')[0]?.args).toEqual([`change/${context.cluster}`]);
    held.open();
    expect(await harness().allEnded(context.cluster, 1)).toMatchObject([
      { operation: context.operation, outcome: 'finished', runId },
    ]);
    expect(script.callsOf('runKubeadm')).toHaveLength(1);
  });
});
