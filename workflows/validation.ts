import { ApplicationFailure } from '@temporalio/workflow';
import { safeParse, type z } from 'zod';

/** Why an update is refused. Without a stack, which the Temporal UI would show to whoever sent it. */
export const refusal = (type: string, why: string): ApplicationFailure => {
  const failure = ApplicationFailure.nonRetryable(why, type);
  failure.stack = '';
  return failure;
};

/**
 * For validators of updates: what was sent, checked. Whoever sent it reads why it was refused; nothing enters the history.
 * @throws ApplicationFailure of that type, naming every field that is wrong.
 */
export const parseOrRefuse = <Schema extends z.ZodType>(
  schema: Schema,
  sent: unknown,
  { type, what, remedy }: { readonly type: string; readonly what: string; readonly remedy: string },
): z.infer<Schema> => {
  // Not schema.safeParse: workflows share the model's schemas frozen, and zod writes a method into a schema at its first use.
  const parsed = safeParse(schema, sent);
  if (parsed.success) return parsed.data;
  const problem = parsed.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
  throw refusal(type, `${what} (${problem.join('; ')}); ${remedy}`);
};
