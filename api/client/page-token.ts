import { createHash } from 'node:crypto';
import { z } from 'zod';
import { OperatorError } from '../../model/failures/operator-error.js';

/** A list has three parts, read one after the other: waiting, begun, and withdrawn before they began. */
const ListPosition = z.object({
  part: z.enum(['waiting', 'begun', 'withdrawn']),
  /** Of what has begun the server's token of its next page, else what the last one on the page is ordered by. */
  after: z.string().optional(),
});
export type ListPosition = z.infer<typeof ListPosition>;

const Envelope = ListPosition.extend({ check: z.string() });

/** Detects a token that was truncated, changed or taken from another list: the server does not say what is wrong with one. */
const checkOf = ({ part, after }: ListPosition, list: string): string =>
  createHash('sha256')
    .update(JSON.stringify([list, part, after]))
    .digest('base64url')
    .slice(0, 12);

/** @param list what is listed: a token is good for that alone. */
export const pageToken = (position: ListPosition, list: string): string =>
  Buffer.from(JSON.stringify({ ...position, check: checkOf(position, list) })).toString('base64url');

const decoded = (token: string): unknown => {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
};

/** @throws OperatorError (bad-usage) when it is not a token of that list. */
export const readPageToken = (token: string, list: string): ListPosition => {
  const { data } = Envelope.safeParse(decoded(token));
  if (data === undefined || data.check !== checkOf(data, list)) {
    throw new OperatorError('bad-usage', 'The page token belongs to no such list.', {
      remedy:
        'Send the nextPageToken of the page before, whole and with the same filters; or begin with the first page.',
    });
  }
  return { part: data.part, ...(data.after === undefined ? {} : { after: data.after }) };
};
