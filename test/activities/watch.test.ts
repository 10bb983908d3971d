import { WorkflowFailedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, RetryState, TerminatedFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { watchActivities } from '../../activities/watch.js';
import { activityEnvironment } from '../support/activity-environment.js';

interface Run {
  readonly runId: string;
  readonly result: () => Promise<unknown>;
  readonly memo?: Record<string, unknown>;
  readonly runs?: boolean;
}

const operation = 'prod/init/cp1/k1';
const finished = (): Promise<unknown> => Promise.resolve({});
const failed = (cause: Error) => (): Promise<unknown> =>
  Promise.reject(new WorkflowFailedError('Workflow execution failed', cause, RetryState.NON_RETRYABLE_FAILURE));
const terminated = failed(new TerminatedFailure('by hand'));

/** A server with these runs of one workflow id, the newest last. */
const serverWith = (...runs: readonly Run[]): Client =>
  ({
    withAbortSignal: (_: AbortSignal, run: () => unknown) => run(),
    workflow: {
      getHandle: (_: string, runId?: string) => {
        const run = runId === undefined ? runs.at(-1) : runs.find((one) => one.runId === runId);
        if (run === undefined) throw new Error(`no run ${runId}`);
        const { memo = { operation }, runs: isRunning = false, result } = run;
        const status = { name: isRunning ? 'RUNNING' : 'COMPLETED' };
        return { describe: () => Promise.resolve({ memo, runId: run.runId, status }), result };
      },
    },
  }) as unknown as Client;

const watch = (client: Client, runId?: string) =>
  activityEnvironment({}, { client }).run(() => watchActivities().watchOperation('change/prod', runId));
const look = (client: Client, runId = 'r1') =>
  activityEnvironment({}, { client }).run(() => watchActivities().seeEnding('change/prod', runId));

const endings: readonly (readonly [string, Error])[] = [
  ['terminated', new TerminatedFailure('by hand')],
  ['cancelled', new CancelledFailure('Workflow cancelled')],
  ['rolled-back', ApplicationFailure.create({ type: 'RolledBack', message: 'it was undone' })],
  ['aborted', ApplicationFailure.create({ type: 'Aborted', message: 'as decided' })],
  ['failed', ApplicationFailure.create({ type: 'DirtyHost', message: 'x'.repeat(1_000) })],
];

describe.each([
  ['watchOperation', (client: Client) => watch(client)],
  ['seeEnding', (client: Client) => look(client)],
] as const)('%s', (_, ask) => {
  test('an operation that finished, by the id that it carries in its memo', async () => {
    const run = { runId: 'r1', result: finished };
    expect(await ask(serverWith(run))).toEqual({ operation, runId: 'r1', outcome: 'finished' });
    expect(await ask(serverWith({ ...run, memo: {} }))).toEqual({ operation: '', runId: 'r1', outcome: 'finished' });
  });

  test.each(endings)('one that ended as %s', async (outcome, cause) => {
    expect(await ask(serverWith({ runId: 'r1', result: failed(cause) }))).toEqual({
      operation,
      runId: 'r1',
      outcome,
      message: cause.message.slice(0, 500),
    });
  });

  test('a server that does not answer is no ending', async () => {
    const result = () => Promise.reject(new Error('14 UNAVAILABLE'));
    await expect(ask(serverWith({ runId: 'r1', result }))).rejects.toThrow('14 UNAVAILABLE');
  });
});

describe('a run that was reset', () => {
  const base = { runId: 'r1', result: terminated };

  test('is followed to the end of the run in its place', async () => {
    const ending = { operation, runId: 'r2', outcome: 'finished' };
    expect(await watch(serverWith(base, { runId: 'r2', result: finished }), 'r1')).toEqual(ending);
    expect(await look(serverWith(base, { runId: 'r2', result: finished }))).toEqual(ending);
  });

  test('still runs while the run in its place does', async () => {
    await expect(look(serverWith(base, { runId: 'r2', result: finished, runs: true }))).rejects.toMatchObject({
      type: 'StillRuns',
      nonRetryable: false,
    });
  });

  test('is not taken for the run of another operation under the same id', async () => {
    const other = { runId: 'r2', result: finished, memo: { operation: 'prod/join-control-plane/cp2/k1' } };
    const ending = { operation, runId: 'r1', outcome: 'terminated', message: 'by hand' };
    expect(await watch(serverWith(base, other), 'r1')).toEqual(ending);
    expect(await look(serverWith(base, { ...other, runs: true }))).toEqual(ending);
  });
});

test('looking at one that runs fails, to be tried again', async () => {
  await expect(look(serverWith({ runId: 'r1', result: finished, runs: true }))).rejects.toMatchObject({
    type: 'StillRuns',
    message: 'change/prod still runs',
    nonRetryable: false,
  });
});
