import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { guarded, report } from '../../activities/boundary.js';
import { QuorateError, failureClasses, failureTypes } from '../../model/failures/failure.js';
import type { FailureType } from '../../model/failures/failure.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { operationContext } from '../support/facts.js';

const minute = 60_000;
const context = operationContext({ policy: { unreachableBudgetMs: 10 * minute, readyBudgetMs: 5 * minute } });

/** The failure of an activity that was scheduled so long ago and throws this. */
const failureOf = async (
  error: unknown,
  { spentMs = 0, args = [context] as unknown[] } = {},
): Promise<ApplicationFailure> => {
  const environment = activityEnvironment({ scheduledTimestampMs: Date.now() - spentMs });
  const activity = guarded((...passed: unknown[]): Promise<never> => {
    expect(passed).toEqual(args);
    return Promise.reject(error);
  });
  const failure: unknown = await environment.run(() => activity(...args)).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(ApplicationFailure);
  return failure as ApplicationFailure;
};
const quorateError = (type: FailureType): QuorateError =>
  new QuorateError(type, 'it happened', { host: 'cp3', remedy: 'mend it', evidence: ['seen'] });

describe('an error of the closed list', () => {
  test.each(failureTypes)('%s keeps its type and details, and is retried in place by its class alone', async (type) => {
    const failure = await failureOf(quorateError(type));
    expect(failure).toMatchObject({
      type,
      message: 'it happened',
      details: [{ host: 'cp3', remedy: 'mend it', evidence: ['seen'] }],
    });
    const failureClass = failureClasses[type];
    expect(failure.nonRetryable).toBe(failureClass !== 'transient' && failureClass !== 'not-ready-yet');
    // Waiting is no error: it must not fill logs and metrics.
    expect(failure.category === ApplicationFailureCategory.BENIGN).toBe(failureClass === 'not-ready-yet');
  });

  test.each([
    ['Unreachable', 10 * minute],
    ['ApiUnavailable', 10 * minute],
    ['NodeNotReady', 5 * minute],
    ['BackendNotUp', 5 * minute],
  ] as const)(
    '%s is retried until its budget of %i ms, counted from the first attempt, is spent',
    async (type, budget) => {
      expect((await failureOf(quorateError(type), { spentMs: budget - 5_000 })).nonRetryable).toBe(false);
      expect((await failureOf(quorateError(type), { spentMs: budget + 5_000 })).nonRetryable).toBe(true);
    },
  );

  test('is retried for a minute where the activity has no context', async () => {
    const args = ['change/prod'];
    expect((await failureOf(quorateError('Unreachable'), { args, spentMs: 55_000 })).nonRetryable).toBe(false);
    expect((await failureOf(quorateError('Unreachable'), { args, spentMs: 65_000 })).nonRetryable).toBe(true);
  });
});

describe('an error of another kind', () => {
  test('is a defect that is shown at once', async () => {
    const error = new TypeError('x is undefined');
    const failure = await failureOf(error);
    expect(failure).toMatchObject({ type: 'CommandFailed', message: 'x is undefined', nonRetryable: true });
    expect(failure.details).toEqual([{ remedy: expect.stringContaining('report it'), evidence: [] }]);
    expect(failure.cause).toBe(error);
  });

  test('may be anything that was thrown', async () => {
    expect(await failureOf('just words')).toMatchObject({ type: 'CommandFailed', message: 'just words' });
  });

  test('that is Temporal’s own stays as it is', async () => {
    const own = ApplicationFailure.create({ type: 'Mine', message: 'm' });
    expect(await failureOf(own)).toBe(own);
  });
});

describe('a cancelled activity', () => {
  test.each([quorateError('Unreachable'), new Error('aborted'), new CancelledFailure('left it running')])(
    'ends as cancelled, whatever it throws: %s',
    async (error) => {
      const environment = activityEnvironment();
      const activity = guarded(async (): Promise<void> => {
        environment.cancel('CANCELLED');
        await Promise.resolve();
        throw error;
      });
      await expect(environment.run(() => activity())).rejects.toBeInstanceOf(CancelledFailure);
    },
  );

  test('that finishes all the same has its result', async () => {
    const environment = activityEnvironment();
    const activity = guarded((): Promise<string> => {
      environment.cancel('CANCELLED');
      return Promise.resolve('done');
    });
    expect(await environment.run(() => activity())).toBe('done');
  });
});

describe('heartbeats', () => {
  afterEach(() => vi.useRealTimers());

  /** Lets an activity run for so long on a clock of its own. */
  const beatsOf = async (
    activity: () => void,
    { ms, heartbeatDetails }: { ms: number; heartbeatDetails?: unknown },
  ): Promise<readonly unknown[]> => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'Date'] });
    const environment = activityEnvironment({ heartbeatDetails });
    const run = environment.run(() =>
      guarded(async () => {
        activity();
        await new Promise((resolve) => setTimeout(resolve, ms));
      })(),
    );
    await vi.advanceTimersByTimeAsync(ms);
    await run;
    const beats = [...environment.beats];
    await vi.advanceTimersByTimeAsync(20_000);
    expect(environment.beats).toEqual(beats); // none after the end
    return beats;
  };

  test('are sent every two seconds, without details at first', async () => {
    expect(await beatsOf(() => {}, { ms: 5_000 })).toEqual([undefined, undefined]);
  });

  test('keep what the attempt before had reported: it would be lost with this one otherwise', async () => {
    const heartbeatDetails = { unit: 'u', bootId: 'b', offset: 10 };
    expect(await beatsOf(() => {}, { ms: 3_000, heartbeatDetails })).toEqual([heartbeatDetails]);
  });

  test('carry what was reported last, at once and then again', async () => {
    const beats = await beatsOf(() => report({ unit: 'u', offset: 20 }), {
      ms: 3_000,
      heartbeatDetails: { unit: 'u', offset: 10 },
    });
    expect(beats).toEqual([
      { unit: 'u', offset: 20 },
      { unit: 'u', offset: 20 },
    ]);
  });
});
