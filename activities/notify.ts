import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { deliveryDelayMs } from '../model/notifications/notification-policy.js';
import type { Activities } from './contract.js';
import type { Dependencies } from './dependencies.js';

export const notifyActivities = ({ webhooks }: Dependencies): Pick<Activities, 'notify'> => ({
  notify: async (name, event) => {
    const webhook = webhooks.get(name);
    if (webhook === undefined) {
      // Another worker may know it, or this one after a restart with the right file.
      throw ApplicationFailure.create({
        type: 'UnknownWebhook',
        message: `this worker knows no webhook ${name}: add it to the file that --webhooks names, or take it out of spec.notifications.webhooks`,
      });
    }
    const delivery = await webhook.deliver(event, cancellationSignal());
    switch (delivery.outcome) {
      case 'taken':
        return delivery.note;
      case 'refused':
        throw ApplicationFailure.nonRetryable(
          `${name} does not take the event: ${delivery.why}; correct its entry in the file that --webhooks names, then reset this workflow to send it again`,
          'WebhookRefused',
        );
      case 'later':
        throw ApplicationFailure.create({
          type: 'WebhookUnavailable',
          message: `${name} did not take the event yet: ${delivery.why}`,
          nextRetryDelay: deliveryDelayMs(activityInfo().attempt, delivery.retryAfterMs),
        });
    }
  },
});
