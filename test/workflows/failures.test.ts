import { ActivityFailure, ApplicationFailure, RetryState, TimeoutFailure, TimeoutType } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { QuorateError, failureClasses, failureTypes } from '../../model/failures/failure.js';
import { failureOf } from '../../workflows/failures.js';

const ofActivity = (cause: Error | undefined): ActivityFailure =>
  new ActivityFailure('failed', 'runKubeadm', '7', RetryState.NON_RETRYABLE_FAILURE, 'worker', cause);
const application = (type: string, details: unknown[] = []): ApplicationFailure =>
  ApplicationFailure.create({ type, message: 'it went wrong', details, nonRetryable: true });

describe('failureOf', () => {
  test('keeps what an activity says: type, message, host, remedy, evidence', () => {
    const details = { host: 'cp3', remedy: 'mend it', evidence: ['seen'] };
    expect(failureOf(ofActivity(application('SudoRefused', [details])))).toMatchObject({
      type: 'SudoRefused',
      message: 'it went wrong',
      details,
    });
  });

  test('knows of which failures the command may still run', () => {
    for (const type of failureTypes) {
      expect([type, failureOf(ofActivity(application(type)))?.lostSight]).toEqual([
        type,
        failureClasses[type] === 'transient',
      ]);
    }
  });

  test('an activity that did not end in time may still run on the host', () => {
    const timeout = new TimeoutFailure('late', undefined, TimeoutType.HEARTBEAT);
    expect(failureOf(ofActivity(timeout))).toMatchObject({
      type: 'Unreachable',
      message: 'the activity runKubeadm did not end in time',
      lostSight: true,
      details: { remedy: expect.stringMatching(/worker/) as unknown },
    });
  });

  test.for([
    ['a type that is none of ours', application('TypeError')],
    ['no reason at all', undefined],
  ] as const)('%s is an unforeseen failure, with a remedy all the same', ([, cause]) => {
    expect(failureOf(ofActivity(cause))).toMatchObject({
      type: 'CommandFailed',
      details: { remedy: expect.stringMatching(/retry/) as unknown, evidence: [] },
    });
  });

  test('what the workflow itself judges carries no sight lost: the command has ended', () => {
    const failure = failureOf(new QuorateError('ApiUnavailable', 'no API server', { remedy: 'wait' }));
    expect(failure).toMatchObject({ type: 'ApiUnavailable', details: { remedy: 'wait' } });
    expect(failure?.lostSight ?? false).toBe(false);
  });

  test('an error of our own code is no failure of a step', () => {
    expect(failureOf(new TypeError('x is not a function'))).toBeUndefined();
  });
});
