import type { QuorateClient } from '../client.js';
import type { OperationSummary } from '../operation-summary.js';

interface Named {
  readonly cluster: string;
  readonly kind: string;
  readonly host: string;
  readonly key: string;
}

export const operationName = ({ cluster, kind, host, key }: Named): string => [cluster, kind, host, key].join('/');

/** Path of an operation: its name consists of what needs no escape in one. */
export const operationUrl = (operation: string): string => `/v1/operations/${operation}`;

/** The operation of exactly that name. @throws OperatorError (not-found) */
export const locate = (client: QuorateClient, operation: string): Promise<OperationSummary> => client.find(operation);
