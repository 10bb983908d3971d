import { createActivities } from '../activities/index.js';
import { createHosts } from '../adapters/ssh/hosts.js';
import type { Hosts } from '../adapters/ssh/types.js';
import type { Webhooks } from '../adapters/webhook/types.js';

export interface ActivitiesOptions {
  /** An OpenSSH client configuration; default the user's own. */
  readonly sshConfigFile?: string;
  /** Receivers of notifications; default none. */
  readonly webhooks?: Webhooks;
}

/** The activities over real SSH connections. */
export const connectActivities = ({ sshConfigFile, webhooks = new Map() }: ActivitiesOptions = {}): {
  readonly hosts: Hosts;
  readonly activities: object;
} => {
  const hosts = createHosts(sshConfigFile === undefined ? {} : { configFile: sshConfigFile });
  return { hosts, activities: createActivities({ hosts, webhooks }) };
};
