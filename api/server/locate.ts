import { OperatorError } from '../../model/failures/operator-error.js';
import type { QuorateClient } from '../client/client.js';
import type { OperationSummary } from '../client/operation-summary.js';

interface Named {
  readonly cluster: string;
  readonly kind: string;
  readonly host: string;
  readonly key: string;
}

const operationName = ({ cluster, kind, host, key }: Named): string => [cluster, kind, host, key].join('/');

/** Path of an operation: its name consists of what needs no escape in one. */
export const operationUrl = (operation: string): string => `/v1/operations/${operation}`;

/**
 * The operation of exactly that name.
 *
 * @throws OperatorError (not-found)
 */
export const locate = async (client: QuorateClient, named: Named): Promise<OperationSummary> => {
  const operation = operationName(named);
  try {
    return await client.find(operation);
  } catch (error) {
    if (!(error instanceof OperatorError) || error.kind !== 'not-found') throw error;
    // Accepted a moment ago: its queue knows it before visibility does.
    const { cluster, kind, host } = named;
    const since = new Date().toISOString();
    const guess = { operation, cluster, kind, host, state: 'waiting', since, workflowId: '' } as const;
    const { summary } = await client.view(guess);
    if (summary.runId === undefined && summary.waitsFor === undefined) throw error;
    return summary;
  }
};
