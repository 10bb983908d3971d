import type { Hosts } from '../adapters/ssh/types.js';
import type { Webhooks } from '../adapters/webhook/types.js';

/** What the activities need from the process they run in. */
export interface Dependencies {
  readonly hosts: Hosts;
  /** Receivers of notifications; empty where none is configured. */
  readonly webhooks: Webhooks;
}
