import type { OperationEvent } from '../../model/notifications/operation-event.js';

/** What became of one delivery. No text in it holds the address, the secret, or what the receiver wrote. */
export type Delivery =
  /** `note`: in one line what the receiver said, such as "204 No Content". */
  | { readonly outcome: 'taken'; readonly note: string }
  /** The receiver does not want it, and will not want it later. */
  | { readonly outcome: 'refused'; readonly why: string }
  /** It may be taken later. `retryAfterMs`: not before so long, milliseconds; absent when the receiver did not say. */
  | { readonly outcome: 'later'; readonly why: string; readonly retryAfterMs?: number };

/** A receiver of events, as the worker's configuration names it. */
export interface Webhook {
  /**
   * Delivers one event, signed; it is safe to deliver the same one again.
   * @param signal gives up; then it throws
   */
  deliver(event: OperationEvent, signal?: AbortSignal): Promise<Delivery>;
}

/** By the names that specifications use. */
export type Webhooks = ReadonlyMap<string, Webhook>;
