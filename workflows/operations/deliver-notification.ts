import type { OperationEvent } from '../../model/notifications/operation-event.js';
import { notifying, titled } from '../activity-proxies.js';

/** Tells one webhook; a workflow of its own, so that a receiver that is down holds up no operation. */
export const deliverNotification = (webhook: string, event: OperationEvent): Promise<string> =>
  titled(notifying.notify, `tell ${webhook}: ${event.type} ${event.operation}`, webhook, event);
