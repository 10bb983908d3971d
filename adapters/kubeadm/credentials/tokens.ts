import { createHash } from 'node:crypto';

/** Description of a bootstrap token that an operation made: how its tokens are found again. */
export const tokenDescription = (operation: string): string => `quorate ${operation}`;

/** The operation that a token's description names; undefined for a token of somebody else. */
export const operationOfToken = (description: string): string | undefined =>
  description.startsWith('quorate ') ? description.slice('quorate '.length) : undefined;

/** Label of the Secrets that an operation made; what others write in their place does not carry it. */
export const operationLabel = 'quorate.dev/operation';

/** Its value: the operation's id does not fit into one. */
export const operationLabelValue = (operation: string): string =>
  createHash('sha256').update(operation).digest('hex').slice(0, 12);
