import { describe, expect, test } from 'vitest';
import { submitOperation } from '../../../api/client/submit.js';
import { operationContext } from '../../support/facts.js';
import { gate } from '../../support/scripted-activities.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';
import { by, workflowIdOf } from '../../support/workflow-harness.js';

const harness = useHarness('submit');

const submit = (context: ReturnType<typeof operationContext>) => {
  const { client, taskQueue } = harness();
  return submitOperation(client, { context, by }, { taskQueue });
};
const join = (cluster: string, host: string) =>
  operationContext({ kind: 'join-worker', cluster, host, policy: { parallelJoins: 1 } });

describe.concurrent('the same operation, asked for again', () => {
  test('is the same while it runs and after it has ended', async () => {
    const context = join(uniqueName('same'), 'w2');
    const first = await submit(context);
    expect(first).toEqual({ operation: context.operation, workflowId: workflowIdOf(context), position: 0 });
    expect(await submit(context)).toEqual(first);
    await harness().allEnded(context.cluster, 1);
    expect(await submit(context)).toEqual(first);
    expect(harness().script(context.cluster).callsOf('runKubeadm')).toHaveLength(1);
  });

  test('brings back a queue that was terminated over it, whether it ran or waited', async () => {
    const cluster = uniqueName('brought-back');
    const [running, waiting] = [join(cluster, 'w2'), join(cluster, 'w3')];
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    await submit(running);
    await held.reached;
    const answer = await submit(waiting);
    await harness().entity(cluster).terminate('by hand');
    expect(await submit(waiting)).toMatchObject({ operation: answer.operation, workflowId: answer.workflowId });
    expect((await harness().entity(cluster).describe()).status.name).toBe('RUNNING');
    held.open();
    expect(await harness().allEnded(cluster, 2)).toMatchObject([
      { operation: running.operation, by, outcome: 'finished' },
      { operation: waiting.operation, by, outcome: 'finished' },
    ]);
    expect(harness().script(cluster).callsOf('runKubeadm')).toHaveLength(2);
  });
});
