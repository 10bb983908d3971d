import { CancelledFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { createActivities } from '../../activities/index.js';
import type { Activities } from '../../activities/index.js';
import { QuorateError } from '../../model/failures/failure.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { operationContext } from '../support/facts.js';

// A host that nothing can be asked of: whatever an activity does, its failure has to be of the closed list.
const activities = createActivities({
  hosts: {
    host: () => {
      throw new QuorateError('UnknownHost', 'no such host', { remedy: 'name it' });
    },
    close: () => Promise.resolve(),
  },
  webhooks: new Map(),
});
// Their failures are for Temporal alone, and no operation ends or blocks by them.
const apart: readonly (keyof Activities)[] = [
  'watchOperation',
  'seeEnding',
  'findOperation',
  'recallQueue',
  'probeCause',
  'notify',
];
const names = (Object.keys(activities) as (keyof Activities)[]).filter((name) => !apart.includes(name));

test.each(names)('%s fails with a type of the closed list, or as cancelled', async (name) => {
  const activity = activities[name] as (...args: unknown[]) => Promise<unknown>;
  const args = [operationContext(), { etcdDataPresent: false }];
  await expect(activityEnvironment().run(() => activity(...args))).rejects.toMatchObject({
    name: 'ApplicationFailure',
    type: 'UnknownHost',
    nonRetryable: true,
  });
  const cancelled = activityEnvironment();
  cancelled.cancel('CANCELLED');
  await expect(cancelled.run(() => activity(...args))).rejects.toBeInstanceOf(CancelledFailure);
});
