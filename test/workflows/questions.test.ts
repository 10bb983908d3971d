import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { names } from '../../model/messages.js';
import { leftovers, operationContext } from '../support/facts.js';
import { answers, fails, gate } from '../support/scripted-activities.js';
import type { Behaviour } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { acceptedUpdates, blocked, by, decide, ended, eventually, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('questions');

const begin = (name: string, resumeWhenHealthy = false) => {
  const context = operationContext({ kind: 'join-worker', cluster: uniqueName(name), policy: { resumeWhenHealthy } });
  return { context, script: harness().script(context.cluster), start: () => harness().start(context) };
};

/** A probe that looks for as long as the gate is shut, whatever is cancelled, and then sees the cause gone. */
const late = (): { readonly reached: Promise<void>; open(): void; readonly look: Behaviour<'probeCause'> } => {
  const { reached, open, hold } = gate({ deaf: true });
  return {
    reached,
    open,
    look: async (_otherwise, ...args) => {
      await (hold as Behaviour)(async () => '', ...args);
      return 'w2 answers again';
    },
  };
};

/** Waits until the workflow has taken in what its first probe has answered. */
const probeHeard = (handle: WorkflowHandle): Promise<true> =>
  eventually(async () => {
    const { events = [] } = await handle.fetchHistory();
    const all = events ?? [];
    const probe = all.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'probeCause');
    const answer = all.findIndex(
      (event) => String(event.activityTaskCompletedEventAttributes?.scheduledEventId) === String(probe?.eventId),
    );
    const isHeard = answer >= 0 && all.slice(answer).some((event) => event.workflowTaskCompletedEventAttributes);
    return isHeard ? true : undefined;
  }, 'the workflow has heard the first probe');

const sent = (handle: WorkflowHandle, decision: object): Promise<unknown> =>
  handle.executeUpdate<unknown, [unknown]>(names.updates.decide, { args: [decision] });

describe.concurrent('R6: an answer is one to its own question', () => {
  test('a probe of an earlier block never answers a later one that a person has to decide', async () => {
    const { script, start } = begin('late-probe', true);
    const probe = late();
    script.on('prepareHost', fails('Unreachable'));
    script.on('probeCause', probe.look);
    script.on('runKubeadm', fails('CommandFailed', { message: 'kubeadm is not there' }));
    const handle = await start();
    await blocked(handle);
    await probe.reached;
    await decide(handle, 'retry', 'it is back');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'CommandFailed', step: 'join', question: 2 });

    probe.open();
    await probeHeard(handle);
    const { blocked: still, decisions } = await progressOf(handle);
    expect(still).toMatchObject({ type: 'CommandFailed', question: 2 });
    expect(decisions.map(({ action, by: who }) => `${action} by ${who}`)).toEqual([`retry by ${by}`]);
    expect(script.callsOf('runKubeadm')).toHaveLength(1);
    await decide(handle, 'abort');
    expect(await ended(handle)).toMatchObject({ type: 'Aborted' });
  });

  test('nor does it answer a later block of the same kind; that has a probe of its own', async () => {
    const { script, start } = begin('same-kind', true);
    const [first, second] = [late(), late()];
    script.on('prepareHost', fails('Unreachable'), fails('Unreachable'));
    script.on('probeCause', first.look, second.look);
    const handle = await start();
    await blocked(handle);
    await first.reached;
    await decide(handle, 'retry');
    await blocked(handle, 1);
    await second.reached;
    first.open();
    await probeHeard(handle);
    expect((await progressOf(handle)).decisions).toHaveLength(1);
    second.open();
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions.map(({ by: who }) => who)).toEqual([by, 'quorate']);
  });

  test('nor does it wake what waits for an approval', async () => {
    const { context, script, start } = begin('approval', true);
    const probe = late();
    script.on('readHost', fails('Unreachable'));
    script.on('probeCause', probe.look);
    script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster));
    const handle = await start();
    await blocked(handle);
    await probe.reached;
    await decide(handle, 'retry');
    expect(await blocked(handle, 1)).toMatchObject({ type: 'DirtyHost' });
    probe.open();
    await probeHeard(handle);
    expect((await progressOf(handle)).blocked).toMatchObject({ type: 'DirtyHost', question: 2 });
    await decide(handle, 'approve');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions.map(({ action }) => action)).toEqual(['retry', 'approve']);
  });

  test('a decision that names another question than the open one is refused, and leaves no event', async () => {
    const { script, start } = begin('about');
    script.on('prepareHost', fails('CommandFailed', { message: 'no modprobe' }), fails('CommandFailed'));
    const handle = await start();
    expect(await blocked(handle)).toMatchObject({ question: 1 });
    await decide(handle, 'retry');
    expect(await blocked(handle, 1)).toMatchObject({ question: 2, message: 'CommandFailed on purpose' });
    const accepted = await acceptedUpdates(handle);
    for (const about of [1, 3])
      await expect(sent(handle, { action: 'abort', by: 'bob', about })).rejects.toMatchObject({
        cause: {
          type: 'ChoiceRefused',
          message: expect.stringMatching(
            / waits for something else by now \(CommandFailed: CommandFailed on purpose\); look at it again and decide that$/,
          ) as unknown,
        },
      });
    expect(await acceptedUpdates(handle)).toBe(accepted);
    await sent(handle, { action: 'abort', by: 'bob', about: 2 });
    expect(await ended(handle)).toMatchObject({ type: 'Aborted' });
  });

  test('of two that approve what they have read, the second does not approve what came after', async () => {
    const context = operationContext({
      kind: 'join-worker',
      cluster: uniqueName('two'),
      policy: { approvals: { plans: true, byAnother: false, expireAfterMs: 86_400_000 } },
    });
    const script = harness().script(context.cluster);
    script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster));
    const handle = await harness().start(context);
    const read = await blocked(handle);
    expect(read).toMatchObject({ type: 'DirtyHost', question: 1 });
    const about = read.question;
    await sent(handle, { action: 'approve', by: 'ann', about });
    expect(await blocked(handle, 1)).toMatchObject({ type: 'PlanNeedsApproval' });
    await expect(sent(handle, { action: 'approve', by: 'bob', about })).rejects.toMatchObject({
      cause: { type: 'ChoiceRefused' },
    });
    expect(script.names()).not.toContain('resetHost');
    await decide(handle, 'abort');
    await ended(handle);
  });

  test('what went on by itself is counted, a probe that came too late is not', async () => {
    const { script, start } = begin('counted', true);
    const probe = late();
    script.on('prepareHost', fails('Unreachable'), (otherwise) => otherwise(), fails('Unreachable'));
    script.on('createCredentials', fails('CommandFailed'));
    script.on('probeCause', probe.look, answers('w2 answers again'));
    const handle = await start();
    await blocked(handle);
    await probe.reached;
    await decide(handle, 'retry');
    await blocked(handle, 1);
    probe.open();
    await probeHeard(handle);
    await decide(handle, 'retry');
    // The first that counts: it is looked at without the pause of what came back.
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    const { events } = await handle.fetchHistory();
    expect((events ?? []).filter((event) => event.timerStartedEventAttributes)).toEqual([]);
  });
});
