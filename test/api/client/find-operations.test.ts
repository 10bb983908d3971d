import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ListFilter } from '../../../api/client/find-operations.js';
import type { OperationSummary } from '../../../api/client/operation-summary.js';
import type { SubmitRequest } from '../../../model/messages.js';
import { eventually } from '../../support/eventually.js';
import {
  blockedByDirtyHost,
  startScriptedOperations,
  type ScriptedOperations,
} from '../../support/scripted-operations.js';
import { uniqueName } from '../../support/temporal.js';

let it: ScriptedOperations;
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  it = await startScriptedOperations();
  stopWorker = await it.startWorker();
});
afterAll(() => it.stop());

let cluster: string;
beforeEach(() => {
  cluster = uniqueName('pages');
});

const submit = async (kind: SubmitRequest['context']['kind'], host: string): Promise<string> => {
  const request = it.request(kind, host, cluster);
  await it.submit(request);
  return request.context.operation;
};
const list = (filter: ListFilter = {}) => it.client.list({ cluster, ...filter });
const stateOf = (operation: string) => eventually(async () => (await it.client.find(operation)).state);

/** All pages of a list, one after the other. */
const pages = async (filter: ListFilter): Promise<OperationSummary[][]> => {
  const all: OperationSummary[][] = [];
  let token: string | undefined;
  do {
    const page = await list({ ...filter, ...(token === undefined ? {} : { pageToken: token }) });
    all.push(page.operations);
    token = page.nextPageToken;
  } while (token !== undefined && all.length < 50);
  return all;
};

/** Three that wait, one that runs and holds the lock, two that have ended, one that was withdrawn. */
const populate = async () => {
  const ended: string[] = [];
  for (const host of ['w1', 'w2']) {
    const operation = await submit('join-worker', host);
    ended.push(operation);
    await stateOf(operation).toBe('running');
    await it.play(`op/${cluster}/join-worker/${host}`, { outcome: 'finished', summary: 'done' });
    await stateOf(operation).toBe('finished');
  }
  const running = await submit('join-control-plane', 'cp1');
  const waiting = [];
  for (const host of ['cp2', 'cp3', 'cp4']) waiting.push(await submit('join-control-plane', host));
  const withdrawn = await submit('join-control-plane', 'cp5');
  await it.client.cancel(await it.client.find(withdrawn), { by: 'ann@desk', reason: '' });
  await stateOf(running).toBe('running');
  await eventually(async () => (await list()).operations.length).toBe(7);
  return { ended, running, waiting, withdrawn };
};

describe('pages', () => {
  test('of any size hold everything once: what waits, what has begun, what was withdrawn', async () => {
    const { ended, running, waiting, withdrawn } = await populate();
    const everything = [...ended, running, ...waiting, withdrawn].toSorted();
    for (const limit of [1, 2, 3, 5, 7, 50]) {
      const found = await pages({ limit });
      expect(found.every(({ length }) => length <= limit)).toBe(true);
      expect(
        found
          .flat()
          .map(({ operation }) => operation)
          .toSorted(),
        `pages of ${limit}`,
      ).toEqual(everything);
    }
    const order = (await pages({ limit: 1 })).flat().map(({ operation }) => operation);
    expect(order).toEqual([...waiting.toReversed(), running, ...ended.toReversed(), withdrawn]);
    expect((await list({ limit: 50 })).nextPageToken).toBeUndefined();
    const withoutEnded = (await pages({ limit: 2, ended: false })).flat().map(({ operation }) => operation);
    expect(withoutEnded.toSorted()).toEqual([running, ...waiting].toSorted());
  });

  test('what begins between two pages is not lost', async () => {
    const { running, waiting } = await populate();
    const { nextPageToken = '' } = await list({ limit: 2 });
    // The oldest that waits, which was on no page yet, begins.
    await it.play(`change/${cluster}`, { outcome: 'finished', summary: 'done' });
    await stateOf(waiting[0] ?? '').toBe('running');
    const rest = await list({ limit: 50, pageToken: nextPageToken });
    expect(rest.operations.map(({ operation }) => operation)).toEqual(expect.arrayContaining([waiting[0], running]));
  });

  test.each([
    ['nonsense', () => 'nonsense'],
    ['cut', (token: string) => token.slice(0, -3)],
    ['changed', (token: string) => `${token.slice(0, 10)}${token[10] === 'A' ? 'B' : 'A'}${token.slice(11)}`],
  ])('a token that is %s is bad usage', async (_what, spoil) => {
    await populate();
    const { nextPageToken = '' } = await list({ limit: 4 });
    await expect(list({ limit: 4, pageToken: spoil(nextPageToken) })).rejects.toMatchObject({
      kind: 'bad-usage',
      message: 'The page token belongs to no such list.',
    });
    // It is good for the same list alone, whatever the limit.
    expect((await list({ limit: 1, pageToken: nextPageToken })).operations).toHaveLength(1);
    await expect(list({ host: 'w1', pageToken: nextPageToken })).rejects.toMatchObject({ kind: 'bad-usage' });
  });
});

describe('what a list says', () => {
  test('of blocked ones by what, since when, and who holds the lock; and finds them by it', async () => {
    const cp1 = await submit('join-control-plane', 'cp1');
    const w1 = await submit('join-worker', 'w1');
    const w2 = await submit('join-worker', 'w2');
    for (const operation of [cp1, w1, w2]) await stateOf(operation).toBe('running');
    const since = '2026-11-23T13:00:00.000Z';
    await it.play(`change/${cluster}`, { blocked: { ...blockedByDirtyHost, type: 'EtcdUnhealthy', since } });
    await it.play(`op/${cluster}/join-worker/w1`, { blocked: blockedByDirtyHost });
    await eventually(async () => (await list({ blocked: true })).operations.length).toBe(2);
    const [one, ...others] = (await list({ blockedBy: 'EtcdUnhealthy' })).operations;
    expect(others).toEqual([]);
    const blocked = {
      state: 'blocked',
      blockedReason: 'EtcdUnhealthy',
      blockedSince: since,
      blockedQuestion: 1,
      holdsLock: true,
    };
    expect(one).toMatchObject({ operation: cp1, ...blocked });
    expect((await it.client.view(one as OperationSummary)).summary).toMatchObject(blocked);
    const byName = new Map((await list()).operations.map((summary) => [summary.operation, summary]));
    expect(byName.get(w1)).toMatchObject({ blockedReason: 'DirtyHost', blockedSince: blockedByDirtyHost.since });
    expect(byName.get(w1)).not.toHaveProperty('holdsLock');
    expect(byName.get(w2)).not.toHaveProperty('blockedSince');

    const client = await it.client.find(cp1);
    await it.client.decide(client, { action: 'retry', by: 'ann@desk', reason: '' });
    const { summary } = await it.client.view(client);
    expect(summary).toMatchObject({ state: 'running', holdsLock: true });
    expect(summary).not.toHaveProperty('blockedReason');
    expect(summary).not.toHaveProperty('blockedSince');
    expect(summary).not.toHaveProperty('blockedQuestion');
  });

  test('without a worker: what has begun, and a note on what may be missing', async () => {
    const { running, ended } = await populate();
    await stopWorker();
    const { operations, notes } = await list();
    expect(operations.map(({ operation }) => operation)).toEqual([running, ...ended.toReversed()]);
    expect(notes).toEqual([`operations of ${cluster} that wait for their turn are not listed: no worker answers`]);
    stopWorker = await it.startWorker();
  });
});
