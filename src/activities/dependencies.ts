import type { Hosts } from '../adapters/ssh/types.js';

/** What the activities need from the process they run in. */
export interface Dependencies {
  readonly hosts: Hosts;
}
