import { createHash, randomUUID } from 'node:crypto';
import type { OperationKind } from '../../model/operations.js';

/** The parts of an operation's id, but for the key. */
export interface OperationName {
  readonly cluster: string;
  readonly kind: OperationKind;
  readonly host: string;
}

/** A new key; two submissions with the same key are the same operation. */
export const newIdempotencyKey = (): string => randomUUID();

/** `<cluster>/<kind>/<host>/<8 hex digits of the key's hash>`: the same key gives the same operation. */
export const operationId = ({ cluster, kind, host }: OperationName, idempotencyKey: string): string =>
  [cluster, kind, host, createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 8)].join('/');

/** What an operation is about: its id without the key. */
export const operationSubject = (operation: string): string => operation.split('/').slice(0, 3).join('/');

/**
 * Whether `typed` may mean `operation`: whole parts from the start, the key may be abbreviated.
 * `prod/join-worker/w2` and `prod/join-worker/w2/1f` mean `prod/join-worker/w2/1f00aa11`; `prod/join-worker/w` does not.
 */
export const mayMean = (typed: string, operation: string): boolean => {
  const wanted = typed.replace(/\/+$/, '').split('/');
  const parts = operation.split('/');
  return (
    wanted.length <= parts.length &&
    wanted.every((part, index) => (index === 3 ? (parts[index] ?? '').startsWith(part) : part === parts[index]))
  );
};
