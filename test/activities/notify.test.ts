import { CancelledFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { createActivities } from '../../activities/index.js';
import type { Delivery, Webhook } from '../../adapters/webhook/types.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { event } from '../support/events.js';

const hosts = { host: () => Promise.reject(new Error('no host is asked')) as never, close: () => Promise.resolve() };

/** Tells a webhook `ops` that behaves like that. */
const notify = (deliver: Webhook['deliver'], { attempt = 1, name = 'ops' } = {}) => {
  const environment = activityEnvironment({ attempt });
  const { notify: activity } = createActivities({ hosts, webhooks: new Map([['ops', { deliver }]]) });
  return { environment, told: environment.run(() => activity(name, event())) };
};
const answers =
  (delivery: Delivery): Webhook['deliver'] =>
  async () =>
    delivery;

describe('an event', () => {
  test('that was taken: what the receiver said', async () => {
    await expect(notify(answers({ outcome: 'taken', note: '204 No Content' })).told).resolves.toBe('204 No Content');
  });

  test('that the receiver does not want is not sent again by itself', async () => {
    await expect(notify(answers({ outcome: 'refused', why: '410 Gone' })).told).rejects.toMatchObject({
      name: 'ApplicationFailure',
      type: 'WebhookRefused',
      nonRetryable: true,
      message: expect.stringMatching(
        /^ops does not take the event: 410 Gone; correct .* reset this workflow/,
      ) as unknown,
    });
  });

  test.for([
    [1, undefined, 2_000],
    [3, 1_000, 8_000],
    [3, 60_000, 60_000],
    [50, 900_000, 900_000],
  ] as const)('attempt %i that may be taken later, not before %s ms: next in %i ms', async ([attempt, asked, next]) => {
    const delivery: Delivery = {
      outcome: 'later',
      why: '503 Service Unavailable',
      ...(asked === undefined ? {} : { retryAfterMs: asked }),
    };
    await expect(notify(answers(delivery), { attempt }).told).rejects.toMatchObject({
      type: 'WebhookUnavailable',
      nonRetryable: false,
      nextRetryDelay: next,
      message: 'ops did not take the event yet: 503 Service Unavailable',
    });
  });

  test('for a webhook that this worker does not know is tried again: another worker, or this one later, may know it', async () => {
    await expect(notify(answers({ outcome: 'taken', note: '' }), { name: 'pager' }).told).rejects.toMatchObject({
      type: 'UnknownWebhook',
      nonRetryable: false,
      message: expect.stringContaining('spec.notifications.webhooks') as unknown,
    });
  });

  test('whose delivery is cut short by a shutdown is not held for refused', async () => {
    const { environment, told } = notify(
      (_event, signal) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(new Error('the delivery was given up'))),
        ),
    );
    environment.cancel('WORKER_SHUTDOWN');
    await expect(told).rejects.toBeInstanceOf(CancelledFailure);
  });
});
