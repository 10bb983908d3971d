import type { OperationContext } from '../../model/operation.js';
import type { StatusReport } from '../../model/status/status.js';
import { short, titled } from '../activities.js';

/** Reads the state of a cluster; changes nothing and takes no place in the queue. */
export const readClusterStatus = (context: OperationContext): Promise<StatusReport> =>
  titled(short.readStatus, `status of ${context.cluster}`, context);
