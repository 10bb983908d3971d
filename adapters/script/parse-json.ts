import type { z } from 'zod';
import { QuorateError } from '../../model/failures/failure.js';
import type { Host } from '../ssh/types.js';

/**
 * Reads what a program on a host printed as JSON.
 * @throws QuorateError CommandFailed when it is no JSON or not of the expected shape. The text itself is not quoted: it may hold a secret.
 */
export const parseJson = <T>(schema: z.ZodType<T>, text: string, what: string, host: Host): T => {
  const broken = (why: string, cause: unknown): QuorateError =>
    new QuorateError('CommandFailed', `${what} on ${host.name} printed something unexpected: ${why}`, {
      host: host.name,
      remedy: `run it by hand on ${host.name} and compare the program's version with the ones Quorate supports`,
      evidence: [`${text.length} characters were printed`],
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken('no JSON', error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw broken(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not the expected shape'}`, result.error);
};
