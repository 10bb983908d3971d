import type { Info } from '@temporalio/activity';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { MockActivityEnvironmentOptions } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

export interface ActivityEnvironment {
  /** Details of every heartbeat, oldest first. */
  readonly beats: readonly unknown[];
  run<Result>(activity: () => Promise<Result>): Promise<Result>;
  cancel(reason: 'CANCELLED' | 'WORKER_SHUTDOWN' | 'TIMED_OUT' | 'PAUSED' | 'NOT_FOUND'): void;
}

/** Run of the workflow that every activity here belongs to, unless its `info` says otherwise. */
export const testRun = '00000000-0000-0000-0000-000000000000';

const silent = new DefaultLogger('ERROR', () => {});

const details = {
  CANCELLED: { cancelRequested: true },
  WORKER_SHUTDOWN: { workerShutdown: true },
  TIMED_OUT: { timedOut: true },
  PAUSED: { paused: true },
  NOT_FOUND: { notFound: true },
};

/** The Temporal context of one attempt of an activity, scheduled now unless `info` says otherwise. */
export const activityEnvironment = (
  info: Partial<Info> = {},
  options: MockActivityEnvironmentOptions = {},
): ActivityEnvironment => {
  const environment = new MockActivityEnvironment(
    { scheduledTimestampMs: Date.now(), workflowExecution: { workflowId: 'test', runId: testRun }, ...info },
    { logger: silent, ...options },
  );
  const beats: unknown[] = [];
  environment.on('heartbeat', (beat: unknown) => beats.push(beat));
  return {
    beats,
    run: (activity) => environment.run(activity),
    cancel: (reason) => environment.cancel(reason, new ActivityCancellationDetails(details[reason])),
  };
};
