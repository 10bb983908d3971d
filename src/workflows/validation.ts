import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';

/**
 * For validators of updates: what was sent, checked. Whoever sent it reads why it was refused; nothing enters the history.
 * @throws ApplicationFailure of that type, naming every field that is wrong.
 */
export const parseOrRefuse = <Schema extends z.ZodType>(
  schema: Schema,
  sent: unknown,
  refusal: { readonly type: string; readonly what: string; readonly remedy: string },
): z.infer<Schema> => {
  const parsed = schema.safeParse(sent);
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw ApplicationFailure.nonRetryable(`${refusal.what} (${problem.join('; ')}); ${refusal.remedy}`, refusal.type);
};
