import { describe, expect, test } from 'vitest';
import { clusterFacts, nodeFacts, operationContext } from '../support/facts.js';
import { changingActivities, readingActivities } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('stale-node');

const begin = async (name: string) => {
  const context = operationContext({ kind: 'join-worker', cluster: uniqueName(name) });
  const script = harness().script(context.cluster);
  const node = nodeFacts('w2', { machineId: hostOf(context).machineId, internalIp: context.target.address });
  script.world.cluster = clusterFacts({ nodes: [...clusterFacts().nodes, node] });
  return { context, script, start: () => harness().start(context) };
};

describe.concurrent('the Node that is left of a worker', () => {
  test('is deleted before anything is done to the host, as the plan says', async () => {
    const { context, script, start } = await begin('deleted');
    const handle = await start();
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(3)).toEqual(['removeStaleMember', ...changingActivities('join-worker')]);
    const { machineId, identity } = hostOf(context);
    expect(script.callsOf('removeStaleMember').map(({ args }) => args[1])).toEqual([
      {
        machineId,
        identity,
        etcdDataPresent: false,
        members: [],
        node: { uid: nodeFacts('w2').uid, ready: true, living: false },
        units: [],
        ownAttempt: false,
      },
    ]);
    const { plan, steps } = await progressOf(handle);
    expect(plan[0]).toMatch(/^delete the stale Node w2 \(still Ready, /);
    expect(steps.find(({ id }) => id === 'remove-stale-node')).toMatchObject({
      state: 'done',
      title: 'delete the Node that is left of w2',
    });
  });

  test('that cannot be deleted blocks, and a retry begins with reading', async () => {
    const { script, start } = await begin('blocked');
    script.on('removeStaleMember', fails('CommandFailed'));
    const handle = await start();
    expect(await blocked(handle)).toMatchObject({ step: 'remove-stale-node', choices: ['retry', 'abort'] });
    const before = script.calls.length;
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(
      script
        .names()
        .slice(before, before + 3)
        .toSorted(),
    ).toEqual(readingActivities);
    expect(script.names()[before + 3]).toBe('removeStaleMember');
  });
});
