import { describe, expect, test } from 'vitest';
import { operationKinds } from '../../model/operations.js';
import type { OperationKind } from '../../model/operations.js';
import { leftovers, operationContext } from '../support/facts.js';
import { changingActivities, readingActivities } from '../support/operation-steps.js';
import { fails, gate } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('stop-earlier');

const unit = 'quorate-join-0f3c5a7b9d1e.service';
const left = (cluster: string) => ({
  ...leftovers(cluster),
  marker: { operation: `${cluster}/join-worker/w2/earlier`, cluster },
  runningUnits: [unit],
});

const begin = (kind: OperationKind, name: string) => {
  const context = operationContext({ kind, cluster: uniqueName(name), policy: { resetDirtyHosts: 'when-ours' } });
  const script = harness().script(context.cluster);
  script.world.hosts[context.target.name] = hostOf(context, left(context.cluster));
  return { context, script, start: () => harness().start(context) };
};

describe.concurrent('what an earlier operation left running', () => {
  test.concurrent.for(operationKinds)(
    '%s: is stopped before any other change, then the world is read again',
    async (kind) => {
      const { context, script, start } = begin(kind, kind);
      const handle = await start();
      expect(await ended(handle)).toMatchObject({ status: 'completed' });
      const names = script.names();
      expect(names[3]).toBe('stopEarlier');
      expect(names.slice(4, 7).toSorted()).toEqual(readingActivities);
      // What the reset found is what was there after the stop.
      expect(names.slice(7)).toEqual(changingActivities(kind, 'dirty'));
      const { plan, steps } = await progressOf(handle);
      expect(plan).not.toContain(`stop ${unit}`);
      expect(steps.find(({ id }) => id === 'stop-earlier')).toMatchObject({
        state: 'done',
        note: expect.stringContaining('stopped what ran; read again: ') as unknown,
        title: `stop what an earlier operation left running on ${context.target.name}`,
      });
    },
  );

  test('may have finished the join meanwhile: then nothing is reset', async () => {
    const { script, start } = begin('join-worker', 'finished-meanwhile');
    const { world } = script;
    script.on('stopEarlier', async () => {
      delete world.hosts['w2'];
      return 'nothing of it runs any more';
    });
    expect(await ended(await start())).toMatchObject({ status: 'completed' });
    expect(script.names()).not.toContain('resetHost');
  });

  test('that cannot be stopped blocks, and a retry begins with reading', async () => {
    const { script, start } = begin('join-control-plane', 'stubborn');
    script.on('stopEarlier', fails('CommandFailed'));
    const handle = await start();
    expect(await blocked(handle)).toMatchObject({
      type: 'CommandFailed',
      step: 'stop-earlier',
      choices: ['retry', 'abort'],
    });
    const before = script.calls.length;
    expect(before).toBe(4);
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(
      script
        .names()
        .slice(before, before + 3)
        .toSorted(),
    ).toEqual(readingActivities);
    expect(script.names()[before + 3]).toBe('stopEarlier');
  });

  test('is waited for by a cancel, after which nothing else is touched', async () => {
    const { script, start } = begin('join-worker', 'cancelled');
    const held = gate();
    script.on('stopEarlier', held.hold);
    const handle = await start();
    await held.reached;
    await handle.cancel();
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
    expect(script.callsOf('stopEarlier').map(({ outcome }) => outcome)).toEqual(['cancelled']);
    expect(script.names()).toHaveLength(4);
  });
});
