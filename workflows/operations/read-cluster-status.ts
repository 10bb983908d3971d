import type { OperationContext } from '../../model/operation.js';
import type { StatusReport } from '../../model/status/status.js';
import { bounded, titled } from '../activity-proxies.js';

/** Reads the state of a cluster; changes nothing and takes no place in the queue. */
export const readClusterStatus = (context: OperationContext): Promise<StatusReport> =>
  titled(bounded.readStatus, `status of ${context.cluster}`, context);
