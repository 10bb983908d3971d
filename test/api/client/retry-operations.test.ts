import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RetryFilter } from '../../../api/client/client.js';
import { decideOperation } from '../../../api/client/decide.js';
import type { OperationSummary } from '../../../api/client/operation-summary.js';
import { afterMsOf, retryOperations, type RetryOptions } from '../../../api/client/retry-operations.js';
import type { Blocked } from '../../../model/progress.js';
import {
  blockedByDirtyHost,
  startScriptedOperations,
  type ScriptedOperations,
} from '../../support/scripted-operations.js';
import { uniqueName } from '../../support/temporal.js';
import { eventually } from '../../support/eventually.js';

const unreachable: Blocked = {
  ...blockedByDirtyHost,
  type: 'Unreachable',
  message: 'w1 does not answer',
  choices: ['retry', 'abort'],
};

let it: ScriptedOperations;
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  it = await startScriptedOperations();
  stopWorker = await it.startWorker();
});
afterAll(() => it.stop());

let cluster: string;
beforeEach(() => {
  cluster = uniqueName('retry');
});

const running = async (host: string): Promise<OperationSummary> => {
  const request = it.request('join-worker', host, cluster);
  await it.submit(request);
  const { operation } = request.context;
  await eventually(async () => (await it.client.find(operation).catch(() => undefined))?.state).toBe('running');
  return it.client.find(operation);
};
const block = ({ workflowId }: OperationSummary, blocked: Blocked) => it.play(workflowId, { blocked });
const listedBlocked = (count: number) =>
  eventually(async () => (await it.client.list({ cluster, blocked: true })).operations.length).toBe(count);
const decisions = async (summary: OperationSummary) => (await it.client.view(summary)).progress?.decisions;
const retry = (filter: RetryFilter = {}, options: Partial<RetryOptions> = {}, client: Client = it.temporal) =>
  retryOperations(
    client,
    { cluster, ...filter },
    { by: 'bob@desk', reason: 'power is back', dryRun: false, ...options },
  );

/** A client whose lists stay as they are now, as those of visibility do for a moment. */
const withListOfNow = async (): Promise<Client> => {
  const { workflowService, options } = it.temporal;
  const list = await workflowService.listWorkflowExecutions({
    namespace: options.namespace,
    query: `QuorateCluster = '${cluster}' AND QuorateBlocked = true`,
  });
  const service = new Proxy(workflowService, {
    get: (target, name) =>
      name === 'listWorkflowExecutions'
        ? () => Promise.resolve(list)
        : (Reflect.get(target, name) as (...args: unknown[]) => unknown).bind(target),
  });
  return new Proxy(it.temporal, {
    get: (target, name) => (name === 'workflowService' ? service : (Reflect.get(target, name, target) as unknown)),
  });
};

describe('retrying what is blocked', () => {
  test('reaches all that match, longest blocked first, and records who and why', async () => {
    const [w1, w2, w3] = [await running('w1'), await running('w2'), await running('w3')];
    await block(w2, { ...unreachable, since: '2026-11-23T13:00:00.000Z' });
    await block(w1, { ...unreachable, since: '2026-11-23T13:01:00.000Z' });
    await block(w3, blockedByDirtyHost);
    await listedBlocked(3);
    const dry = await retry({ blockedBy: 'Unreachable' }, { dryRun: true });
    const both = [w2, w1].map(({ operation }) => ({ operation, blockedReason: 'Unreachable' }));
    expect(dry).toEqual({ dryRun: true, accepted: both, refused: [] });
    expect(await decisions(w1)).toEqual([]);

    expect((await retry({ blockedBy: 'Unreachable', host: 'w7' })).accepted).toEqual([]);
    expect((await retry({ kind: 'init' })).accepted).toEqual([]);
    expect(await retry({ blockedBy: 'Unreachable' })).toEqual({ dryRun: false, accepted: both, refused: [] });
    for (const summary of [w1, w2]) {
      expect(await decisions(summary)).toMatchObject([{ action: 'retry', by: 'bob@desk', reason: 'power is back' }]);
      expect((await it.client.view(summary)).summary.state).toBe('running');
    }
    expect((await it.client.view(w3)).summary).toMatchObject({ state: 'blocked', blockedReason: 'DirtyHost' });
  });

  test('repeated, at the same time or after it, is the same decision; the next block is another one', async () => {
    const w1 = await running('w1');
    await block(w1, unreachable);
    await listedBlocked(1);
    const stale = await withListOfNow();
    const accepted = [{ operation: w1.operation, blockedReason: 'Unreachable' }];
    const both = await Promise.all([retry(), retry()]);
    expect(both.flatMap((report) => report.accepted)).toEqual([...accepted, ...accepted]);
    // The list still shows what was decided already.
    expect(await retry({}, {}, stale)).toMatchObject({ accepted, refused: [] });
    expect(await decisions(w1)).toHaveLength(1);

    await eventually(async () => (await it.client.list({ cluster, blocked: true })).operations).toEqual([]);
    await block(w1, { ...unreachable, since: '2026-11-23T14:00:00.000Z' });
    await listedBlocked(1);
    expect(await retry()).toMatchObject({ accepted, refused: [] });
    expect(await decisions(w1)).toHaveLength(2);
  });

  test('R6: is no answer to what an operation asks by the time that it arrives', async () => {
    const w1 = await running('w1');
    await block(w1, unreachable);
    await listedBlocked(1);
    const stale = await withListOfNow();
    await block(w1, { ...blockedByDirtyHost, question: 2, since: '2026-11-23T14:00:00.000Z' });
    expect(await retry({}, {}, stale)).toEqual({
      dryRun: false,
      accepted: [],
      refused: [
        { operation: w1.operation, blockedReason: 'Unreachable', because: 'it waits for something else by now' },
      ],
    });
    expect(await decisions(w1)).toEqual([]);
  });

  test('and a single decision about the same block are one', async () => {
    const w1 = await running('w1');
    await block(w1, unreachable);
    await listedBlocked(1);
    const stale = await withListOfNow();
    await decideOperation(it.temporal, w1, { action: 'retry', by: 'ann@desk', reason: '' });
    expect((await retry({}, {}, stale)).accepted).toHaveLength(1);
    expect(await decisions(w1)).toMatchObject([{ by: 'ann@desk' }]);
  });

  test('one that went on, ended or refuses stops nothing', async () => {
    const [went, ended, choosy, good] = [
      await running('w1'),
      await running('w2'),
      await running('w3'),
      await running('w4'),
    ];
    for (const summary of [went, ended, good]) await block(summary, unreachable);
    await block(choosy, { ...unreachable, choices: ['abort'] });
    await listedBlocked(4);
    const stale = await withListOfNow();
    await it.play(went.workflowId, { unblockedUnseen: true });
    await it.temporal.workflow.getHandle(ended.workflowId, ended.runId).terminate('by hand');
    const { accepted, refused } = await retry({}, {}, stale);
    expect(accepted.map(({ operation }) => operation)).toEqual([good.operation]);
    expect(new Map(refused.map(({ operation, because }) => [operation, because]))).toEqual(
      new Map([
        [went.operation, 'it went on meanwhile'],
        [ended.operation, 'it has ended meanwhile'],
        [choosy.operation, '"retry" makes no sense now'],
      ]),
    );
    expect(refused.every(({ blockedReason }) => blockedReason === 'Unreachable')).toBe(true);
  });

  test('is sent again when a worker passed it over', async () => {
    const summary = await running('w1');
    await block(summary, unreachable);
    await listedBlocked(1);
    await stopWorker();
    const report = retry();
    await it.passOver();
    stopWorker = await it.startWorker();
    expect((await report).accepted.map(({ operation }) => operation)).toEqual([summary.operation]);
    expect(await decisions(summary)).toHaveLength(1);
  });

  test('without a worker gives up soon and says what may still happen; repeated with one, each is retried once', async () => {
    // More than are asked at a time.
    const count = 22;
    for (let index = 1; index <= count; index += 1) {
      const { by, context } = it.request('join-worker', `w${index}`, cluster);
      await it.submit({ by, context: { ...context, policy: { ...context.policy, parallelJoins: count } } });
    }
    const list = async (filter: object = {}) => (await it.client.list({ cluster, ...filter })).operations;
    await eventually(async () => (await list()).filter(({ state }) => state === 'running').length).toBe(count);
    const operations = await list();
    await Promise.all(operations.map((summary) => block(summary, unreachable)));
    await listedBlocked(count);
    await stopWorker();

    const began = Date.now();
    const { accepted, refused } = await retry({}, { silenceMs: 1_500 });
    expect(Date.now() - began).toBeLessThan(15_000);
    expect([accepted.length, refused.length]).toEqual([0, count]);
    const reasons = new Set(refused.map(({ because }) => because));
    expect(reasons).toContain('no answer, as no worker answers; it may still be carried out, and repeating it is safe');
    expect(reasons).toContain('not sent, as nobody answered those before it');

    const late = await retry({}, { totalMs: 1_000 });
    expect(new Set(late.refused.map(({ because }) => because))).toEqual(
      new Set(['no answer in time; it may still be carried out, and repeating it is safe', 'not sent, as time was up']),
    );

    stopWorker = await it.startWorker();
    // Some of those are on their way and go on by themselves now.
    await retry();
    await listedBlocked(0);
    for (const summary of operations) expect(await decisions(summary)).toHaveLength(1);
  });
});

test('a few go on at once; many one after the other, once all have had time to accept', () => {
  expect([0, 19].map((index) => afterMsOf(index, 20))).toEqual([0, 0]);
  const thousand = Array.from({ length: 1_000 }, (_, index) => afterMsOf(index, 1_000));
  expect(thousand[0]).toBeGreaterThanOrEqual(30_000);
  expect(thousand.at(-1)).toBeLessThan(90_000);
  const perSecond = new Map<number, number>();
  for (const ms of thousand) perSecond.set(ms, (perSecond.get(ms) ?? 0) + 1);
  expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(20);
});
