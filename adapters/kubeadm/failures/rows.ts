import type { FailureRow } from './row.js';
import { credentialFailures, identityFailures } from './discovery.js';
import { etcdFailures } from './etcd.js';
import { hostFailures, lateFailures, otherCheckFailures } from './host.js';

/**
 * Tried in this order; the first that matches counts. The order is that of the failure matrix: a message that wraps others
 * stands after them. kubeadm's other preflight checks come last, so that a known cause is named first.
 */
export const failureRows: readonly FailureRow[] = [
  ...credentialFailures,
  ...identityFailures,
  ...hostFailures,
  ...etcdFailures,
  ...lateFailures,
  ...otherCheckFailures,
];
