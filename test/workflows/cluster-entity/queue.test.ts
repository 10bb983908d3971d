import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { names, workflowIds } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import { operationContext } from '../../support/facts.js';
import { gate } from '../../support/scripted-activities.js';
import type { Script } from '../../support/scripted-activities.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';
import { acceptedUpdates, by, eventually } from '../../support/workflow-harness.js';

const harness = useHarness('queue');

/** First begin and last end of the activities of each operation; those of the queue itself are left out. */
const spans = (script: Script): { operation: string; began: number; ended: number }[] => {
  const byOperation = new Map<string, { began: number; ended: number }>();
  for (const { args, began, ended = Number.POSITIVE_INFINITY } of script.calls) {
    const { operation, kind: ofOperation } = args[0] as Partial<OperationContext>;
    if (operation === undefined || ofOperation === undefined) continue;
    const span = byOperation.get(operation) ?? { began, ended };
    byOperation.set(operation, { began: Math.min(span.began, began), ended: Math.max(span.ended, ended) });
  }
  return [...byOperation].map(([operation, span]) => ({ operation, ...span })).toSorted((a, b) => a.began - b.began);
};

const controlPlane = (cluster: string, host: string, key = 'k') => operationContext({ cluster, host, key });
const worker = (cluster: string, host: string, key = 'k') =>
  operationContext({ kind: 'join-worker', cluster, host, key });

describe.concurrent('exclusive operations', () => {
  test('asked for one after the other run one after the other, in that order', async () => {
    const cluster = uniqueName('order');
    const hosts = ['cp3', 'cp4', 'cp5'];
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    const positions: number[] = [];
    for (const host of hosts) positions.push((await harness().submit(controlPlane(cluster, host))).position);
    expect(positions).toEqual([0, 1, 2]);
    await held.reached;
    const { running, waiting } = await harness().queue(cluster);
    expect(running).toMatchObject([{ host: 'cp3', kind: 'join-control-plane', by, workflowId: `change/${cluster}` }]);
    expect(running[0]?.runId).toMatch(/^[0-9a-f-]{36}$/);
    expect(waiting).toMatchObject([
      { host: 'cp4', waitsFor: `${cluster}/join-control-plane/cp3/k (holds the membership lock or is before it)` },
      { host: 'cp5', waitsFor: `${cluster}/join-control-plane/cp3/k (holds the membership lock or is before it)` },
    ]);
    held.open();
    const past = await harness().allEnded(cluster, 3);
    expect(past.map(({ host, outcome }) => [host, outcome])).toEqual(hosts.map((host) => [host, 'finished']));
    expect(new Set(past.map(({ runId }) => runId)).size).toBe(3);
    let last = 0;
    for (const span of spans(harness().script(cluster))) {
      expect(span.began).toBeGreaterThan(last);
      last = span.ended;
    }
  });

  test('asked for at the same moment never overlap', async () => {
    const cluster = uniqueName('at-once');
    const hosts = ['cp3', 'cp4', 'cp5', 'cp6'];
    await Promise.all(hosts.map((host) => harness().submit(controlPlane(cluster, host))));
    await harness().allEnded(cluster, hosts.length);
    const all = spans(harness().script(cluster));
    expect(all).toHaveLength(hosts.length);
    all.reduce((before, span) => {
      expect(span.began).toBeGreaterThan(before.ended);
      return span;
    });
  });

  test('are refused by the server itself when somebody starts one beside the queue', async () => {
    const cluster = uniqueName('beside');
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    await harness().submit(controlPlane(cluster, 'cp3'));
    await held.reached;
    await expect(harness().start(controlPlane(cluster, 'cp4'))).rejects.toThrow(WorkflowExecutionAlreadyStartedError);
    held.open();
    await harness().allEnded(cluster, 1);
  });
});

describe.concurrent('worker joins', () => {
  test('run beside each other and beside a membership change', async () => {
    const cluster = uniqueName('beside');
    const held = gate();
    harness().script(cluster).on('snapshotEtcd', held.hold);
    await harness().submit(controlPlane(cluster, 'cp3'));
    await held.reached;
    await Promise.all(['w2', 'w3'].map((host) => harness().submit(worker(cluster, host))));
    const past = await harness().allEnded(cluster, 2);
    expect(past.map(({ workflowId }) => workflowId).toSorted()).toEqual([
      `op/${cluster}/join-worker/w2`,
      `op/${cluster}/join-worker/w3`,
    ]);
    held.open();
    expect((await harness().allEnded(cluster, 3)).at(-1)).toMatchObject({ host: 'cp3', outcome: 'finished' });
  });

  test('of the same host wait for each other', async () => {
    const cluster = uniqueName('same');
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    await harness().submit(worker(cluster, 'w2', 'first'));
    expect(await harness().submit(worker(cluster, 'w2', 'second'))).toMatchObject({ position: 1 });
    await held.reached;
    expect((await harness().queue(cluster)).waiting).toMatchObject([
      { waitsFor: `${cluster}/join-worker/w2/first (same host)` },
    ]);
    held.open();
    await harness().allEnded(cluster, 2);
    const [first, second] = spans(harness().script(cluster));
    expect(second?.began).toBeGreaterThan(first?.ended ?? Number.POSITIVE_INFINITY);
  });

  test('wait for a free place', async () => {
    const cluster = uniqueName('places');
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    const one = (host: string) =>
      operationContext({ kind: 'join-worker', cluster, host, policy: { parallelJoins: 1 } });
    await harness().submit(one('w2'));
    await harness().submit(one('w3'));
    await held.reached;
    expect((await harness().queue(cluster)).waiting).toMatchObject([
      { host: 'w3', waitsFor: 'a free place: 1 worker joins run, the limit is 1' },
    ]);
    held.open();
    await harness().allEnded(cluster, 2);
  });
});

test.concurrent('init runs alone: what was asked for later waits, and it waits for what runs', async () => {
  const cluster = uniqueName('alone');
  const init = operationContext({ kind: 'init', cluster });
  const held = gate();
  const script = harness().script(cluster);
  const workerHeld = gate();
  script.on('readHost', workerHeld.hold, held.hold);
  await harness().submit(worker(cluster, 'w2'));
  await workerHeld.reached;
  await harness().submit(init);
  await harness().submit(worker(cluster, 'w3'));
  await harness().submit(controlPlane(cluster, 'cp3'));
  expect((await harness().queue(cluster)).waiting.map(({ waitsFor }) => waitsFor)).toEqual([
    `${cluster}/join-worker/w2/k (init runs alone)`,
    `${init.operation} (init runs alone)`,
    `${init.operation} (init runs alone)`,
  ]);
  workerHeld.open();
  await held.reached;
  expect((await harness().queue(cluster)).running.map(({ kind }) => kind)).toEqual(['init']);
  held.open();
  await harness().allEnded(cluster, 4);
  const all = spans(script);
  expect(all[1]?.operation).toBe(init.operation);
  for (const span of all.slice(2)) expect(span.began).toBeGreaterThan(all[1]?.ended ?? Number.POSITIVE_INFINITY);
});

describe.concurrent('withdraw', () => {
  const withdraw = (cluster: string, request: unknown) =>
    harness()
      .entity(cluster)
      .executeUpdate<{ withdrawn: boolean }, [unknown]>(names.updates.withdraw, { args: [request] });

  test('takes what still waits out of the queue, and remembers it', async () => {
    const cluster = uniqueName('withdraw');
    const held = gate();
    harness().script(cluster).on('readHost', held.hold);
    const [first, second] = ['cp3', 'cp4'].map((host) => controlPlane(cluster, host)) as [
      OperationContext,
      OperationContext,
    ];
    await harness().submit(first);
    await harness().submit(second);
    await held.reached;
    const request = { operation: second.operation, by: 'bob', reason: 'wrong host' };
    expect(await withdraw(cluster, request)).toEqual({ withdrawn: true });
    expect(await withdraw(cluster, request)).toEqual({ withdrawn: false });
    expect(await withdraw(cluster, { ...request, operation: first.operation })).toEqual({ withdrawn: false });
    expect((await harness().queue(cluster)).waiting).toEqual([]);
    held.open();
    expect(await harness().allEnded(cluster, 2)).toMatchObject([
      { operation: second.operation, outcome: 'cancelled', message: 'withdrawn by bob before it began: wrong host' },
      { operation: first.operation, outcome: 'finished' },
    ]);
    expect(spans(harness().script(cluster)).map(({ operation }) => operation)).toEqual([first.operation]);
    // Asked for again under the same id it stays withdrawn.
    expect(await harness().submit(second)).toMatchObject({ position: 0 });
    expect((await harness().queue(cluster)).running).toEqual([]);
  });

  test.for([undefined, 'prod/join/cp4', { operation: 'x' }, { operation: 'x', by: '', reason: '' }])(
    'of nonsense (%j) is refused and leaves no event',
    async (request) => {
      const cluster = uniqueName('nonsense');
      await harness().submit(worker(cluster, 'w2'));
      await harness().allEnded(cluster, 1);
      const before = await acceptedUpdates(harness().entity(cluster));
      await expect(withdraw(cluster, request)).rejects.toThrow(WorkflowUpdateFailedError);
      expect(await acceptedUpdates(harness().entity(cluster))).toBe(before);
    },
  );
});

describe.concurrent('a request that makes no sense', () => {
  const refusal = async (cluster: string, request: unknown): Promise<unknown> => {
    const handle = harness().entity(cluster);
    try {
      await handle.executeUpdate<unknown, [unknown]>(names.updates.submit, { args: [request] });
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return error.cause;
      throw error;
    }
    return undefined;
  };

  test('is refused with every field that is wrong, and leaves no event', async () => {
    const cluster = uniqueName('malformed');
    await harness().submit(worker(cluster, 'w2'));
    await harness().allEnded(cluster, 1);
    const before = await acceptedUpdates(harness().entity(cluster));
    const context = worker(cluster, 'w3');
    const wrong = await refusal(cluster, { context: { ...context, kind: 'explode' } });
    expect(wrong).toBeInstanceOf(ApplicationFailure);
    expect(wrong).toMatchObject({ type: 'InvalidSpecification' });
    expect((wrong as Error).message).toMatch(/context\.kind: .*by: /);
    expect(await refusal(cluster, undefined)).toMatchObject({ type: 'InvalidSpecification' });
    expect(await refusal(cluster, { context: worker('other', 'w3'), by })).toMatchObject({
      message: `this is the queue of ${cluster}, the operation is for other`,
    });
    expect(await acceptedUpdates(harness().entity(cluster))).toBe(before);
  });
});

test.concurrent('an empty queue is there to look at', async () => {
  const cluster = uniqueName('empty');
  const { client, taskQueue } = harness();
  await client.workflow.start(names.workflows.cluster, {
    workflowId: workflowIds.cluster(cluster),
    taskQueue,
    args: [{ cluster, ended: [] }],
  });
  const queue = await eventually(() => harness().queue(cluster), 'the queue');
  expect(queue).toEqual({ cluster, running: [], waiting: [], ended: [] });
});
