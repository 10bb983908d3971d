import { WorkflowFailedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, RetryState, TerminatedFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { watchActivities } from '../../src/activities/watch.js';
import { activityEnvironment } from '../support/activity-environment.js';

/** Watches a workflow whose result is that. */
const watch = (result: () => Promise<unknown>, memo: Record<string, unknown> = { operation: 'prod/init/cp1/k1' }) => {
  const client = {
    withAbortSignal: (_: AbortSignal, run: () => unknown) => run(),
    workflow: { getHandle: () => ({ describe: () => Promise.resolve({ memo, runId: 'r1' }), result }) },
  } as unknown as Client;
  return activityEnvironment({}, { client }).run(() => watchActivities().watchOperation('change/prod'));
};
const failed = (cause: Error) => () =>
  Promise.reject(new WorkflowFailedError('Workflow execution failed', cause, RetryState.NON_RETRYABLE_FAILURE));

test('an operation that finished, by the id that it carries in its memo', async () => {
  const finished = () => Promise.resolve({});
  expect(await watch(finished)).toEqual({ operation: 'prod/init/cp1/k1', runId: 'r1', outcome: 'finished' });
  expect(await watch(finished, {})).toEqual({ operation: '', runId: 'r1', outcome: 'finished' });
});

test.each([
  ['terminated', new TerminatedFailure('by hand')],
  ['cancelled', new CancelledFailure('Workflow cancelled')],
  ['rolled-back', ApplicationFailure.create({ type: 'RolledBack', message: 'it was undone' })],
  ['aborted', ApplicationFailure.create({ type: 'Aborted', message: 'as decided' })],
  ['failed', ApplicationFailure.create({ type: 'DirtyHost', message: 'x'.repeat(1_000) })],
])('one that ended as %s', async (outcome, cause) => {
  const watched = await watch(failed(cause));
  expect(watched).toEqual({
    operation: 'prod/init/cp1/k1',
    runId: 'r1',
    outcome,
    message: cause.message.slice(0, 500),
  });
});

test('a server that does not answer is no ending', async () => {
  await expect(watch(() => Promise.reject(new Error('14 UNAVAILABLE')))).rejects.toThrow('14 UNAVAILABLE');
});
