import type { z } from 'zod';
import { ClusterName } from '../../../model/specification/fields.js';
import { OperatorError } from '../../../model/failures/operator-error.js';
import { changeTokens } from './token-file.js';
import { TokenName, hashOf, newToken, type Role, type TokenRecord } from './token.js';

export interface TokenRequest {
  readonly name: string;
  readonly role: Role;
  /** Empty for all clusters, including future ones. */
  readonly clusters: readonly string[];
  /** How long it is valid, milliseconds; until it is revoked when absent. */
  readonly expiresInMs?: number;
}

const checked = (schema: z.ZodType<string>, value: string, what: string): void => {
  const result = schema.safeParse(value);
  if (result.success) return;
  throw new OperatorError('bad-usage', `${what} ${JSON.stringify(value)} cannot be used.`, {
    evidence: result.error.issues.map(({ message }) => message),
    remedy: 'Choose another name.',
  });
};

/**
 * Makes a token and keeps its hash.
 *
 * @returns the token, which nobody can read again, and what is kept of it.
 * @throws OperatorError (bad-usage, refused when the name is taken, failed)
 */
export const createToken = async (
  file: string,
  { name, role, clusters, expiresInMs }: TokenRequest,
  now = Date.now(),
): Promise<{ token: string; record: TokenRecord }> => {
  checked(TokenName, name, 'The name of a token');
  for (const cluster of clusters) checked(ClusterName, cluster, 'The name of a cluster');
  const token = newToken();
  const record: TokenRecord = {
    name,
    sha256: hashOf(token),
    role,
    clusters: clusters.length === 0 ? 'all' : [...new Set(clusters)],
    created: new Date(now).toISOString(),
    ...(expiresInMs === undefined ? {} : { expires: new Date(now + expiresInMs).toISOString() }),
  };
  await changeTokens(file, (tokens) => {
    if (tokens.some((other) => other.name === name)) {
      throw new OperatorError('refused', `There is a token ${name} already.`, {
        remedy: `Choose another name, or revoke it first: \`quorate token revoke ${name}\`.`,
      });
    }
    return [...tokens, record];
  });
  return { token, record };
};

/** Forgets a token; servers refuse it from then on. @throws OperatorError (not-found, failed) */
export const revokeToken = (file: string, name: string): Promise<void> =>
  changeTokens(file, (tokens) => {
    const left = tokens.filter((token) => token.name !== name);
    if (left.length === tokens.length) {
      throw new OperatorError('not-found', `There is no token ${name} in ${file}.`, {
        remedy: 'See their names with `quorate token list`.',
      });
    }
    return left;
  });
