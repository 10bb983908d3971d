import { ApplicationFailure } from '@temporalio/common';
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
    return webhook.deliver(event);
  },
});
