import { z } from 'zod';
import { decisionActions } from '../../model/progress.js';

export const DecideAnswer = z.object({ operation: z.string(), action: z.enum(decisionActions) });

export const CancelAnswer = z.object({
  operation: z.string(),
  result: z
    .enum(['withdrawn', 'cancelling'])
    .describe('withdrawn: it never began. cancelling: it undoes what it did; watch it.'),
});
