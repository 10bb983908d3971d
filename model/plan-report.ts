import { z } from 'zod';
import { failureTypes } from './failures/failure.js';
import { operationKinds } from './operations.js';

const PlanFinding = z.object({
  code: z.enum(failureTypes as [(typeof failureTypes)[number], ...(typeof failureTypes)[number][]]),
  /** fatal: the operation would stop here. approval: it would wait for one. warning: it would go on. */
  severity: z.enum(['fatal', 'approval', 'warning']),
  message: z.string(),
  remedy: z.string(),
  evidence: z.array(z.string()),
});

/** What an operation would find and do if it were asked for now. Nothing is changed by asking. */
export const PlanReport = z.object({
  cluster: z.string(),
  kind: z.enum(operationKinds),
  host: z.string(),
  /** ISO 8601. */
  at: z.string(),
  findings: z.array(PlanFinding),
  /** What would be changed, in order; empty when a finding is fatal. */
  plan: z.array(z.string()),
});
export type PlanReport = z.infer<typeof PlanReport>;
