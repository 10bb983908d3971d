import type { OperationEvent } from '../../model/operation-event.js';

/** A receiver of events, as the worker's configuration names it. */
export interface Webhook {
  /**
   * Delivers one event, signed. Answers in one line what the receiver said.
   * @throws Error without the address or the secret when it was not taken: deliver it again later
   */
  deliver(event: OperationEvent): Promise<string>;
}

/** By the names that specifications use. */
export type Webhooks = ReadonlyMap<string, Webhook>;
