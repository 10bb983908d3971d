import { QueryNotRegisteredError, ServiceError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { recallActivities } from '../../activities/lost-queue.js';
import type { QueueMemory } from '../../model/queue-memory.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { operationContext } from '../support/facts.js';

interface Run {
  readonly runId: string;
  readonly workflowId?: string;
  readonly startTime: Date;
  /** Absent where visibility does not know yet that it has ended. */
  readonly closeTime?: Date;
  readonly memory?: (from: number) => unknown;
}

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 5, 8, minute));
const memory = (overrides: Partial<QueueMemory> = {}): QueueMemory => ({
  entries: [{ request: { context: operationContext(), by: 'ann@desk' }, since: at(0).toISOString(), begun: false }],
  ended: [],
  whole: true,
  ...overrides,
});

const withAbortSignal = (_: AbortSignal, run: () => unknown): unknown => run();

/** Visibility with these runs, in any order; remembers what it was asked. */
const visibility = (runs: readonly Run[]) => {
  const queries: string[] = [];
  const client = {
    withAbortSignal,
    workflow: {
      list: async function* ({ query }: { query: string }) {
        queries.push(query);
        yield* runs.map((run) => ({ workflowId: 'cluster/prod', ...run }));
      },
      getHandle: (_: string, runId: string) => ({
        query: async (_name: string, from: number) => runs.find((run) => run.runId === runId)?.memory?.(from),
      }),
    },
  } as unknown as Client;
  return { client, queries };
};
const environment = (client: Client) =>
  activityEnvironment({ workflowExecution: { workflowId: 'cluster/prod', runId: 'own' } }, { client });
const recall = (runs: readonly Run[], place: { runId?: string; from?: number } = {}) =>
  environment(visibility(runs).client).run(() => recallActivities().recallQueue({ cluster: 'prod', ...place }));

describe('findOperation', () => {
  const find = (runs: readonly Run[], operation = 'prod/init/cp1/k1') => {
    const { client, queries } = visibility(runs);
    return environment(client)
      .run(() => recallActivities().findOperation({ cluster: 'prod', operation }))
      .then((found) => ({ found, queries }));
  };

  test('answers null for one that never began', async () => {
    expect(await find([])).toEqual({ found: null, queries: ['QuorateOperation = "prod/init/cp1/k1"'] });
  });

  test('answers the run that has not ended, or else the one that ended last', async () => {
    const workflowId = 'change/prod';
    const first = { runId: 'r1', workflowId, startTime: at(1), closeTime: at(9) };
    const second = { runId: 'r2', workflowId, startTime: at(2), closeTime: at(3) };
    expect((await find([second, first])).found).toEqual({ workflowId, runId: 'r1' });
    expect((await find([first, { runId: 'r3', workflowId, startTime: at(0) }])).found).toMatchObject({ runId: 'r3' });
    // A run that was reset just now may be listed as one that runs beside the run in its place.
    const reset = [
      { runId: 'r4', workflowId, startTime: at(4) },
      { runId: 'r5', workflowId, startTime: at(5) },
    ];
    expect((await find(reset)).found).toMatchObject({ runId: 'r5' });
  });

  test('writes an id into the query so that it stays one', async () => {
    expect((await find([], 'prod" OR "a\\')).queries).toEqual(['QuorateOperation = "prod\\" OR \\"a\\\\"']);
  });

  test('fails with what is tried again when visibility does not answer', async () => {
    const client = {
      withAbortSignal,
      workflow: {
        // oxlint-disable-next-line require-yield -- it fails before the first
        list: async function* () {
          throw new Error('14 UNAVAILABLE');
        },
      },
    } as unknown as Client;
    await expect(
      environment(client).run(() => recallActivities().findOperation({ cluster: 'prod', operation: 'o' })),
    ).rejects.toMatchObject({ type: 'NoAnswer', message: 'looking for o: 14 UNAVAILABLE', nonRetryable: false });
  });
});

describe('recallQueue', () => {
  const own = { runId: 'own', startTime: at(50) };

  test('answers null where there was no queue before', async () => {
    expect(await recall([])).toBeNull();
    expect(await recall([own])).toBeNull();
  });

  test('asks for the runs of the queue that handed on nothing', async () => {
    const { client, queries } = visibility([]);
    await environment(client).run(() => recallActivities().recallQueue({ cluster: 'prod' }));
    expect(queries).toEqual([`WorkflowId = "cluster/prod" AND ExecutionStatus != 'ContinuedAsNew'`]);
  });

  test('answers what the run knew that was lost last', async () => {
    const answer = memory();
    const older = { runId: 'r1', startTime: at(1), closeTime: at(2), memory: () => memory({ entries: [] }) };
    const newer = { runId: 'r2', startTime: at(3), closeTime: at(4), memory: () => answer };
    expect(await recall([own, older, newer])).toEqual({ memory: answer, lostAt: at(4).toISOString(), next: null });
  });

  test('takes one that visibility does not know to have ended for the last', async () => {
    const lagging = { runId: 'r1', startTime: at(1), memory: () => memory({ ended: [] }) };
    const older = { runId: 'r0', startTime: at(2), closeTime: at(3), memory: () => memory({ entries: [] }) };
    const part = await recall([own, older, lagging]);
    expect(part?.memory.entries).toHaveLength(1);
    expect(Date.now() - Date.parse(part?.lostAt ?? '')).toBeLessThan(60_000);
  });

  test('goes on with the next part, and with the run before one that had not read that', async () => {
    const older = { runId: 'r1', startTime: at(1), closeTime: at(2), memory: () => memory() };
    const newer = {
      runId: 'r2',
      startTime: at(3),
      closeTime: at(4),
      memory: (from: number) => memory({ whole: false, ...(from === 0 ? { next: 50 } : {}) }),
    };
    const runs = [own, older, newer];
    expect((await recall(runs))?.next).toEqual({ runId: 'r2', from: 50 });
    expect((await recall(runs, { runId: 'r2', from: 50 }))?.next).toEqual({ runId: 'r1', from: 0 });
    expect((await recall(runs, { runId: 'r1', from: 0 }))?.next).toBeNull();
  });

  test('knows that a run which no worker ever saw has accepted nothing', async () => {
    const unseen = () => {
      const cause = new Error('9 FAILED_PRECONDITION: Workflow execution closed before WorkflowTaskStarted event');
      throw new ServiceError('Failed to query Workflow', { cause });
    };
    const older = { runId: 'r1', startTime: at(1), closeTime: at(2), memory: () => memory() };
    const newer = { runId: 'r2', startTime: at(3), closeTime: at(4), memory: unseen };
    expect(await recall([older, newer])).toEqual({
      memory: { entries: [], ended: [], whole: false },
      lostAt: at(4).toISOString(),
      next: { runId: 'r1', from: 0 },
    });
  });

  test.each([
    ['a query that is not answered', () => Promise.reject(new ServiceError('Failed to query Workflow'))],
    ['a run of other code', () => Promise.reject(new QueryNotRegisteredError('no handler for memory', 3))],
    ['an answer that makes no sense', () => Promise.resolve({ entries: 'none' })],
  ])('fails with what is tried again: %s', async (_, answer) => {
    const run = { runId: 'r1', startTime: at(1), closeTime: at(2), memory: answer };
    await expect(recall([run])).rejects.toMatchObject({ type: 'NoAnswer', nonRetryable: false });
  });
});
