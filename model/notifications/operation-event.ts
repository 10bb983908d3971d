import { z } from 'zod';
import { operationKinds } from '../operations.js';
import { Blocked, operationOutcomes } from '../progress.js';

/**
 * What a webhook is told (docs/notifications.md). Free of secrets.
 * - blocked: it waits for a decision, or for its cause to go away
 * - resumed: somebody decided, or the cause was seen gone
 * - ended: finished, failed, cancelled, rolled back, aborted or terminated
 */
export const OperationEvent = z.object({
  /** The same for each delivery of one event: receivers that saw it may drop the others. */
  id: z.string(),
  type: z.enum(['operation.blocked', 'operation.resumed', 'operation.ended']),
  /** ISO 8601. */
  at: z.string(),
  operation: z.string(),
  cluster: z.string(),
  kind: z.enum(operationKinds),
  host: z.string(),
  /** Who asked for the operation. */
  by: z.string(),
  /** With `operation.blocked`. */
  blocked: Blocked.omit({ since: true }).optional(),
  /** With `operation.resumed`. */
  decision: z.object({ action: z.string(), by: z.string(), reason: z.string() }).optional(),
  /** With `operation.ended`. */
  outcome: z.enum(operationOutcomes).optional(),
  summary: z.string().optional(),
});
export type OperationEvent = z.infer<typeof OperationEvent>;
