import type { WorkflowHandle } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { names, workflowIds } from '../../model/messages.js';
import type { OperationContext } from '../../model/operation.js';
import { operationContext } from '../support/facts.js';
import { fails, gate } from '../support/scripted-activities.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, eventually, progressOf, workflowIdOf } from '../support/workflow-harness.js';

const harness = useHarness('visibility');

/** The product's search attributes by name, as the server shows them; unset ones are absent. */
const attributesOf = async (handle: WorkflowHandle): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    (await handle.describe()).typedSearchAttributes
      .getAll()
      .filter(({ key }) => key.name.startsWith('Quorate'))
      .map(({ key, value }) => [key.name, value]),
  );

/** What `temporal workflow metadata` and the UI ask: the page, and what may be sent to the workflow. */
const metadataOf = (handle: WorkflowHandle) =>
  handle.query<{
    currentDetails?: string;
    definition?: Record<
      'updateDefinitions' | 'signalDefinitions' | 'queryDefinitions',
      { name: string; description?: string }[]
    >;
  }>('__temporal_workflow_metadata');

const submitted = async (context: OperationContext): Promise<WorkflowHandle> => {
  await harness().submit(context);
  const handle = harness().client.workflow.getHandle(workflowIdOf(context));
  await eventually(() => handle.describe(), `${context.operation} begun`);
  return handle;
};

const join = (name: string): OperationContext => operationContext({ kind: 'join-worker', cluster: uniqueName(name) });

describe.concurrent('where an operator looks', () => {
  test('a running operation: search attributes, memo, summary, details, page', async () => {
    const context = join('running');
    const held = gate();
    harness().script(context.cluster).on('prepareHost', held.hold);
    const handle = await submitted(context);
    await held.reached;
    expect(await attributesOf(handle)).toEqual({
      QuorateCluster: context.cluster,
      QuorateHost: 'w2',
      QuorateOperation: context.operation,
      QuorateKind: 'join-worker',
      QuoratePhase: 'prepare',
      QuorateBlocked: false,
    });
    const description = await handle.describe();
    expect(description.memo).toEqual({ operation: context.operation, by: 'ann@desk' });
    expect(await description.staticSummary()).toBe(`join w2 as a worker of ${context.cluster}`);
    expect(await description.staticDetails()).toContain(context.operation);
    const { currentDetails } = await metadataOf(handle);
    expect(currentDetails).toMatch(
      new RegExp(`^## join w2 as a worker of ${context.cluster}\n\nNow: \\*\\*prepare w2`),
    );
    expect(currentDetails).toMatch(/^\| `done`\s* \| read w2, the cluster and the ways between them \(/m);
    expect(currentDetails).toContain('### Plan\n\n1. prepare w2');
    held.open();
    await ended(handle);
    expect((await attributesOf(handle))['QuoratePhase']).toBe('finished');
  });

  test('init says that it makes the cluster', async () => {
    const context = operationContext({ kind: 'init', cluster: uniqueName('init') });
    const handle = await submitted(context);
    expect(await (await handle.describe()).staticSummary()).toBe(`initialise ${context.cluster} on cp1`);
    await ended(handle);
  });

  test('a blocked operation is found by its reason; everything is gone again when it goes on', async () => {
    const context = join('blocked');
    harness()
      .script(context.cluster)
      .on('prepareHost', fails('SudoRefused', { message: 'sudo wants a password', remedy: 'allow it' }));
    const handle = await submitted(context);
    await blocked(handle);
    expect(await attributesOf(handle)).toMatchObject({ QuorateBlocked: true, QuorateBlockedReason: 'SudoRefused' });
    expect((await handle.describe()).memo).toMatchObject({
      blocked: {
        type: 'SudoRefused',
        step: 'prepare',
        message: 'sudo wants a password',
        remedy: 'allow it',
        evidence: ['evidence of SudoRefused'],
        choices: ['retry', 'skip', 'abort'],
      },
    });
    const { currentDetails } = await metadataOf(handle);
    expect(currentDetails).toMatch(/^## Blocked: SudoRefused\n\njoin w2 as a worker of /);
    expect(currentDetails).toContain('### What to do\n\nallow it. Runbook: SudoRefused.');
    const query = `QuorateBlockedReason = 'SudoRefused' AND QuorateBlocked = true AND QuorateCluster = '${context.cluster}'`;
    await eventually(async () => {
      for await (const found of harness().client.workflow.list({ query })) return found;
      return undefined;
    }, 'found by its blocked reason');

    await decide(handle, 'retry');
    await ended(handle);
    const after = await attributesOf(handle);
    expect(after).toMatchObject({ QuorateBlocked: false, QuoratePhase: 'finished' });
    expect(after).not.toHaveProperty('QuorateBlockedReason');
    expect((await handle.describe()).memo).not.toHaveProperty('blocked.type');
  });

  test('a cancel while blocked leaves no sign of the block either', async () => {
    const context = join('cancelled');
    harness().script(context.cluster).on('runKubeadm', fails('CommandFailed'));
    const undo = gate();
    harness().script(context.cluster).on('undoJoin', undo.hold);
    const handle = await submitted(context);
    await blocked(handle);
    await handle.cancel();
    await undo.reached;
    const during = await attributesOf(handle);
    expect(during).toMatchObject({ QuorateBlocked: false, QuoratePhase: 'undo join' });
    expect(during).not.toHaveProperty('QuorateBlockedReason');
    expect((await metadataOf(handle)).currentDetails).toMatch(
      /^## join w2 as a worker of .*\n\nUndoing: \*\*kubeadm join on w2\*\*/,
    );
    undo.open();
    expect(await ended(handle)).toMatchObject({ status: 'cancelled' });
    expect(await attributesOf(handle)).toMatchObject({ QuorateBlocked: false, QuoratePhase: 'cancelled' });
    expect((await handle.describe()).memo).not.toHaveProperty('blocked.type');
  });

  test('long texts of a failure are clipped where they would end the workflow', async () => {
    const context = join('long');
    const long = 'ü"\n'.repeat(4_000);
    harness()
      .script(context.cluster)
      .on('prepareHost', fails('CommandFailed', { message: long, remedy: long, evidence: [long, long] }));
    const handle = await submitted(context);
    expect(await blocked(handle)).toMatchObject({ type: 'CommandFailed' });
    expect((await handle.describe()).status.name).toBe('RUNNING');
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
  });

  test('every update, signal and query says what it is for', async () => {
    const context = join('definitions');
    const held = gate();
    harness().script(context.cluster).on('prepareHost', held.hold);
    const handle = await submitted(context);
    await held.reached;
    const { definition } = await metadataOf(handle);
    const described = (list: { name: string; description?: string }[] = []) =>
      Object.fromEntries(list.map(({ name, description }) => [name, description ?? '']));
    expect(described(definition?.updateDefinitions)[names.updates.decide]).toContain(
      '"action": "retry | skip | approve',
    );
    expect(described(definition?.signalDefinitions)[names.signals.hostPrinted]).toMatch(/\S/);
    expect(described(definition?.queryDefinitions)[names.queries.progress]).toMatch(/\S/);
    held.open();
    await ended(handle);
  });
});

describe.concurrent('what the host printed last', () => {
  test('shows while the step runs, and goes with it', async () => {
    const context = join('printed');
    const kubeadm = gate();
    const prove = gate();
    const script = harness().script(context.cluster);
    script.on('runKubeadm', kubeadm.hold);
    script.on('proveWorker', prove.hold);
    const handle = await harness().start(context);
    await kubeadm.reached;
    await handle.signal(names.signals.hostPrinted, { step: 'join', line: '[preflight] Pulling images' });
    await handle.signal(names.signals.hostPrinted, { step: 'join', line: '[certs] Generating "etcd/peer"' });
    await eventually(
      async () => ((await progressOf(handle)).lastLine?.startsWith('[certs]') === true ? true : undefined),
      'the last line',
    );
    expect((await metadataOf(handle)).currentDetails).toContain(
      'The host printed last: `[certs] Generating "etcd/peer"`',
    );
    kubeadm.open();
    await prove.reached;
    expect((await progressOf(handle)).lastLine).toBeUndefined();
    prove.open();
    await ended(handle);
  });

  test.for([undefined, 'a line', { step: 'join' }, { step: 'join', line: 7 }])(
    'a signal that makes no sense (%j) is dropped and holds nothing up',
    async (sent) => {
      const context = join('nonsense');
      const held = gate();
      harness().script(context.cluster).on('runKubeadm', held.hold);
      const handle = await harness().start(context);
      await held.reached;
      await handle.signal(names.signals.hostPrinted, sent);
      expect((await progressOf(handle)).lastLine).toBeUndefined();
      held.open();
      expect(await ended(handle)).toMatchObject({ status: 'completed' });
    },
  );

  test('a very long line is cut', async () => {
    const context = join('long-line');
    const held = gate();
    harness().script(context.cluster).on('runKubeadm', held.hold);
    const handle = await harness().start(context);
    await held.reached;
    await handle.signal(names.signals.hostPrinted, { step: 'join', line: 'x'.repeat(10_000) });
    const line = await eventually(async () => (await progressOf(handle)).lastLine, 'the last line');
    expect(line.length).toBeLessThanOrEqual(300);
    held.open();
    await ended(handle);
  });
});

test.concurrent('the activities carry the title of what they do', async () => {
  const context = operationContext({ cluster: uniqueName('summaries') });
  const handle = await harness().start(context);
  await ended(handle);
  const { events } = await handle.fetchHistory();
  const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
  expect(scheduled.length).toBeGreaterThan(9);
  for (const event of scheduled) {
    const data = event.userMetadata?.summary?.data;
    expect(Buffer.from(data ?? []).toString()).toMatch(/^"[^"]+"$/);
  }
});

test.concurrent('the page of the cluster entity lists what runs and what waits', async () => {
  const first = operationContext({ cluster: uniqueName('page') });
  const second = operationContext({ cluster: first.cluster, host: 'cp2' });
  const held = gate();
  harness().script(first.cluster).on('readHost', held.hold);
  await harness().submit(first);
  await harness().submit(second);
  await held.reached;
  const entity = harness().client.workflow.getHandle(workflowIds.cluster(first.cluster));
  const { currentDetails } = await metadataOf(entity);
  expect(currentDetails).toContain(`## ${first.cluster}: 1 running, 1 waiting`);
  expect(currentDetails).toContain(`**${first.operation}** in \`change/${first.cluster}\``);
  expect(currentDetails).toContain(`**${second.operation}** for ${first.operation} (holds the membership lock`);
  held.open();
  await eventually(
    async () => ((await harness().queue(first.cluster)).ended.length === 2 ? true : undefined),
    'both ended',
  );
});
