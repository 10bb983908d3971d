import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { apiTokenPrefix } from '../../../model/secret-patterns.js';
import { ClusterName } from '../../../model/specification/fields.js';

/** From the least to the most; each may do what those before it may. docs/api.md has the table. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Recorded as who asked or decided, so it is short and on one line. */
export const TokenName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$/, 'is not a name of at most 100 letters, digits and . _ @ -');

/** What is kept about a token: never the token itself. */
export const TokenRecord = z.strictObject({
  name: TokenName,
  /** SHA-256 of the token in hex. A token has 256 random bits, so there is nothing to guess and no need for a slow hash. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in hex'),
  role: z.enum(roles),
  clusters: z.union([z.literal('all'), z.array(ClusterName).min(1)]),
  created: z.iso.datetime(),
  /** Absent when it holds until it is revoked. */
  expires: z.iso.datetime().optional(),
});
export type TokenRecord = z.infer<typeof TokenRecord>;

export const newToken = (): string => `${apiTokenPrefix}${randomBytes(32).toString('base64url')}`;

export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export const hasExpired = ({ expires }: TokenRecord, now: number): boolean =>
  expires !== undefined && Date.parse(expires) <= now;

/** The record of a token that was presented. Takes the same time whichever of the hashes it is, if any. */
export const findToken = (records: readonly TokenRecord[], token: string): TokenRecord | undefined => {
  const hash = Buffer.from(hashOf(token), 'hex');
  let found: TokenRecord | undefined;
  for (const record of records) if (timingSafeEqual(Buffer.from(record.sha256, 'hex'), hash)) found = record;
  return found;
};

/** Whether the token reaches that cluster. */
export const reaches = ({ clusters }: Pick<TokenRecord, 'clusters'>, cluster: string): boolean =>
  clusters === 'all' || clusters.includes(cluster);
