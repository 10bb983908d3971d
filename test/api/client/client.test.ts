import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasEnded, type OperationSummary } from '../../../api/client/operation-summary.js';
import type { OperationView } from '../../../api/client/operation-view.js';
import {
  blockedByDirtyHost,
  startScriptedOperations,
  type ScriptedOperations,
} from '../../support/scripted-operations.js';
import { uniqueName } from '../../support/temporal.js';
import type { SubmitRequest } from '../../../model/messages.js';
import { eventually } from '../../support/eventually.js';

let it: ScriptedOperations;
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  it = await startScriptedOperations();
  stopWorker = await it.startWorker();
});
afterAll(() => it.stop());

/** Submits and waits until the operation runs. */
const begin = async (request: SubmitRequest): Promise<OperationSummary> => {
  await it.submit(request);
  const { operation } = request.context;
  await eventually(async () => (await it.client.find(operation).catch(() => undefined))?.state).toBe('running');
  return it.client.find(operation);
};
const finish = (summary: OperationSummary) => it.play(summary.workflowId, { outcome: 'finished', summary: 'done' });
const collect = async (views: AsyncIterable<OperationView>): Promise<OperationView[]> => {
  const all: OperationView[] = [];
  for await (const view of views) all.push(view);
  return all;
};

describe('submitting', () => {
  test('starts the queue on first use, and the same operation is one operation however often it is submitted', async () => {
    const request = it.request('join-worker', 'w1', uniqueName('idem'));
    const [first, second] = await Promise.all([it.submit(request), it.submit(request)]);
    expect(second).toEqual(first);
    const { cluster, operation } = request.context;
    expect(first).toEqual({ operation, workflowId: `op/${cluster}/join-worker/w1`, position: 0 });
    await it.submit(request);
    await eventually(async () => (await it.client.list({ cluster })).operations.length).toBe(1);
  });

  test('without a worker says that nobody knows, and does it once when the worker is back', async () => {
    const request = it.request('join-worker', 'w1', uniqueName('away'));
    await stopWorker();
    const waits: string[] = [];
    await expect(
      it.submit(request, { totalMs: 1_500, callMs: 500, onWaiting: (why) => waits.push(why) }),
    ).rejects.toMatchObject({
      kind: 'temporal-unreachable',
      message: expect.stringContaining('because no worker answers. It may still be carried out') as unknown,
      remedy: expect.stringContaining('quorate worker') as unknown,
    });
    expect(waits).toEqual(['no worker answers']);
    stopWorker = await it.startWorker();
    await it.submit(request);
    await eventually(async () => (await it.client.list({ cluster: request.context.cluster })).operations.length).toBe(
      1,
    );
  });

  test('is sent again when a worker passed it over', async () => {
    const idle = await startScriptedOperations();
    onTestFinished(() => idle.stop());
    const request = idle.request('join-worker', 'w1', uniqueName('passed-over'));
    const submitted = idle.submit(request);
    await idle.passOver();
    await idle.startWorker();
    expect(await submitted).toMatchObject({ operation: request.context.operation, position: 0 });
  });

  test('to a worker that fails at the queue says so, and what to do', async () => {
    const idle = await startScriptedOperations();
    onTestFinished(() => idle.stop());
    const submitted = idle.submit(idle.request('join-worker', 'w1', uniqueName('fails')), {
      totalMs: 8_000,
      callMs: 1_500,
    });
    const failing = idle.failTasks(3);
    await expect(submitted).rejects.toMatchObject({
      kind: 'temporal-unreachable',
      message: expect.stringContaining('because the worker fails at its workflow. It may still') as unknown,
      remedy: expect.stringContaining('WorkflowTaskFailed') as unknown,
    });
    await failing;
  });

  test('what the queue refuses is refused with its words', async () => {
    const good = it.request('join-worker', 'w1', uniqueName('bad'));
    await it.submit(good);
    const bad = { ...good, by: '', context: { ...good.context, operation: 'other' } };
    await expect(it.submit(bad)).rejects.toMatchObject({
      kind: 'bad-usage',
      message: expect.stringContaining('by') as unknown,
    });
  });
});

describe('finding', () => {
  test('lists what runs, waits and has ended, newest first, and filters', async () => {
    const cluster = uniqueName('list');
    const w1 = await begin(it.request('join-worker', 'w1', cluster));
    const cp2 = await begin(it.request('join-control-plane', 'cp2', cluster));
    const waiting = it.request('join-control-plane', 'cp3', cluster);
    await it.submit(waiting);
    await finish(w1);
    await eventually(async () =>
      (await it.client.list({ cluster })).operations.map(({ host, state }) => [host, state]),
    ).toEqual([
      ['cp3', 'waiting'],
      ['cp2', 'running'],
      ['w1', 'finished'],
    ]);
    const names = async (filter: object) =>
      (await it.client.list({ cluster, ...filter })).operations.map(({ operation }) => operation);
    expect(await names({ ended: false })).toEqual([waiting.context.operation, cp2.operation]);
    expect(await names({ host: 'w1' })).toEqual([w1.operation]);
    expect(await names({ kind: 'join-control-plane', limit: 1 })).toEqual([waiting.context.operation]);
    expect(await names({ blocked: true })).toEqual([]);
    const [third] = (await it.client.list({ cluster })).operations;
    expect(third).toMatchObject({ by: 'ann@desk', waitsFor: expect.stringContaining(cp2.operation) as unknown });
  });

  test('takes the front of an id for the newest about that subject, and does not guess between subjects', async () => {
    const cluster = uniqueName('find');
    const first = await begin(it.request('join-worker', 'w2', cluster));
    await finish(first);
    await eventually(async () => (await it.client.find(first.operation)).state).toBe('finished');
    const second = await begin(it.request('join-worker', 'w2', cluster));
    expect((await it.client.find(`${cluster}/join-worker/w2`)).operation).toBe(second.operation);
    expect((await it.client.find(first.operation.slice(0, -3))).operation).toBe(first.operation);
    await expect(it.client.find(`${cluster}/join-worker/w`)).rejects.toMatchObject({ kind: 'not-found' });

    const other = await begin(it.request('join-worker', 'w3', cluster));
    await expect(it.client.find(cluster)).rejects.toMatchObject({
      kind: 'ambiguous',
      evidence: [`${second.operation} (running)`, `${other.operation} (running)`],
    });
    await it.play(other.workflowId, { blocked: blockedByDirtyHost });
    await eventually(async () => (await it.client.list({ cluster, blocked: true })).operations.length).toBe(1);
    expect((await it.client.find(cluster, 'blocked')).operation).toBe(other.operation);
    await expect(it.client.find(cluster, 'not-ended')).rejects.toMatchObject({ kind: 'ambiguous' });
    await finish(second);
    await eventually(async () => (await it.client.find(second.operation)).state).toBe('finished');
    expect((await it.client.find(cluster, 'not-ended')).operation).toBe(other.operation);
  });
});

describe('watching', () => {
  test('yields each change once, with what the host printed, until the end', async () => {
    const summary = await begin(it.request('join-worker', 'w1', uniqueName('watch')));
    const views: OperationView[] = [];
    const watched = (async () => {
      for await (const view of it.client.watch(summary, { intervalMs: 500 })) views.push(view);
    })();
    await it.play(summary.workflowId, { work: true });
    await eventually(async () => (await it.client.view(summary)).activity).toEqual({
      type: 'work',
      attempt: 1,
      lastLine: '[etcd] waiting for the learner',
    });
    await eventually(() => views.some(({ activity }) => activity?.lastLine !== undefined)).toBe(true);
    await finish(summary);
    await watched;
    expect(views.at(-1)).toMatchObject({ summary: { state: 'finished' }, progress: { summary: 'done' } });
    expect(new Set(views.map((view) => JSON.stringify(view))).size).toBe(views.length);
    expect(views.filter(({ summary: { state } }) => hasEnded(state))).toHaveLength(1);
  });

  test('follows an operation from its place in the queue to its end', async () => {
    const cluster = uniqueName('queue');
    const first = await begin(it.request('join-control-plane', 'cp2', cluster));
    const second = it.request('join-control-plane', 'cp3', cluster);
    await it.submit(second);
    const watched = collect(it.client.watch(await it.client.find(second.context.operation), { intervalMs: 500 }));
    await finish(first);
    await eventually(async () => (await it.client.find(second.context.operation)).state).toBe('running');
    await it.play(`change/${cluster}`, { outcome: 'rolled-back', summary: 'rolled back by ann' });
    const states = (await watched).map(({ summary: { state } }) => state);
    expect(states[0]).toBe('waiting');
    expect(states.at(-1)).toBe('rolled-back');
  });

  test('asks again when a worker lost the question', async () => {
    const summary = await begin(it.request('join-worker', 'w1', uniqueName('lost-query')));
    await stopWorker();
    const view = it.client.view(summary);
    await it.loseQuery();
    stopWorker = await it.startWorker();
    expect(await view).toMatchObject({ summary: { state: 'running' }, progress: { host: 'w1' } });
    expect(await view).not.toHaveProperty('outage');
  });

  test('says that no worker answers, and goes on when one does', async () => {
    const summary = await begin(it.request('join-worker', 'w1', uniqueName('outage')));
    const views: OperationView[] = [];
    const watched = (async () => {
      for await (const view of it.client.watch(summary, { intervalMs: 500 })) views.push(view);
    })();
    await eventually(() => views.at(-1)?.progress?.operation).toBe(summary.operation);
    await stopWorker();
    await eventually(() => views.at(-1)?.outage).toBe('no worker answers');
    expect(views.at(-1)?.progress?.steps).toHaveLength(1);
    stopWorker = await it.startWorker();
    await eventually(() => views.at(-1)?.outage).toBeUndefined();
    await finish(summary);
    await watched;
    expect(views.at(-1)?.summary.state).toBe('finished');
  });
});

describe('the end of an operation', () => {
  test('is told with what the operation says of it, even if a worker has to be waited for', async () => {
    const summary = await begin(it.request('join-worker', 'w1', uniqueName('end')));
    const watched = collect(it.client.watch(summary, { intervalMs: 500 }));
    await finish(summary);
    await eventually(async () => (await it.client.find(summary.operation)).state).toBe('finished');
    await watched;
    await stopWorker();
    const late = collect(it.client.watch(summary, { intervalMs: 500 }));
    await sleep(3_000);
    stopWorker = await it.startWorker();
    expect(await late).toMatchObject([{ summary: { state: 'finished' }, progress: { summary: 'done' } }]);
  });

  test('is told without it when no worker comes', async () => {
    const summary = await begin(it.request('join-worker', 'w1', uniqueName('end')));
    await stopWorker();
    await it.temporal.workflow.getHandle(summary.workflowId).terminate('by hand');
    const views = await collect(it.client.watch(summary, { intervalMs: 500 }));
    expect(views).toMatchObject([{ summary: { state: 'terminated' }, outage: 'no worker answers' }]);
    stopWorker = await it.startWorker();
  });
});

describe('deciding and cancelling', () => {
  test('a decision goes on with a blocked operation, and is refused when nothing is to be decided', async () => {
    const summary = await begin(it.request('join-worker', 'w1', uniqueName('decide')));
    const decision = { action: 'approve', by: 'ann@desk', reason: 'ours' } as const;
    await expect(it.client.decide(summary, decision)).rejects.toMatchObject({
      kind: 'refused',
      message: 'The decision was refused: nothing to decide.',
    });
    await it.play(summary.workflowId, { blocked: blockedByDirtyHost });
    await eventually(
      async () => (await it.client.list({ cluster: summary.cluster, blocked: true })).operations[0],
    ).toMatchObject({ operation: summary.operation, state: 'blocked', blockedReason: 'DirtyHost' });
    expect((await it.client.view(summary)).progress?.blocked).toEqual(blockedByDirtyHost);
    await it.client.decide(summary, decision);
    const { progress, summary: after } = await it.client.view(summary);
    expect(progress?.decisions).toMatchObject([decision]);
    expect(after.state).toBe('running');
  });

  test('a cancel undoes what runs and withdraws what waits', async () => {
    const cluster = uniqueName('cancel');
    const running = await begin(it.request('join-control-plane', 'cp2', cluster));
    const request = it.request('join-control-plane', 'cp3', cluster);
    await it.submit(request);
    const why = { by: 'ann@desk', reason: 'wrong host' };
    expect(await it.client.cancel(await it.client.find(request.context.operation), why)).toBe('withdrawn');
    expect(await it.client.find(request.context.operation)).toMatchObject({
      state: 'cancelled',
      message: 'withdrawn by ann@desk before it began: wrong host',
    });
    expect(await it.client.cancel(running, why)).toBe('cancelling');
    const views = await collect(it.client.watch(running, { intervalMs: 500 }));
    expect(views.at(-1)?.summary.state).toBe('cancelled');
    await expect(it.client.cancel(await it.client.find(running.operation), why)).rejects.toMatchObject({
      kind: 'refused',
      message: `${running.operation} has ended (cancelled); there is nothing to cancel.`,
    });
    await expect(
      it.client.decide(await it.client.find(running.operation), { action: 'retry', by: 'ann', reason: '' }),
    ).rejects.toMatchObject({ kind: 'refused' });
  });

  test('what waits in a queue that was ended from outside is refused with what brings it back', async () => {
    const cluster = uniqueName('ended');
    await begin(it.request('join-control-plane', 'cp2', cluster));
    const request = it.request('join-control-plane', 'cp3', cluster);
    await it.submit(request);
    const waiting = await it.client.find(request.context.operation);
    expect(waiting.state).toBe('waiting');
    await it.temporal.workflow.getHandle(`cluster/${cluster}`).terminate('by hand');
    await expect(it.client.cancel(waiting, { by: 'ann@desk', reason: '' })).rejects.toMatchObject({
      kind: 'refused',
      remedy: expect.stringContaining('brings the queue back') as unknown,
    });
  });
});
