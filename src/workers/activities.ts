import { createActivities } from '../activities/index.js';
import { createHosts } from '../adapters/ssh/hosts.js';
import type { Hosts } from '../adapters/ssh/types.js';

/**
 * The activities over real SSH connections.
 *
 * @param sshConfigFile an OpenSSH client configuration; default the user's own.
 */
export const connectActivities = (sshConfigFile?: string): { readonly hosts: Hosts; readonly activities: object } => {
  const hosts = createHosts(sshConfigFile === undefined ? {} : { configFile: sshConfigFile });
  return { hosts, activities: createActivities({ hosts, webhooks: new Map() }) };
};
