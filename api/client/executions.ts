import { ServiceError, type Client } from '@temporalio/client';
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers.js';
import { searchAttributes, visibilityLiteral as literal } from '../../model/search-attributes.js';
import { summaryOf, type OperationSummary } from './operation-summary.js';
import { within } from './temporal-calls.js';

/** The server's limit for one page. */
export const largestPage = 1_000;

export interface ExecutionFilter {
  readonly cluster?: string | undefined;
  /** Only of these. */
  readonly clusters?: readonly string[] | undefined;
  readonly host?: string | undefined;
  readonly kind?: string | undefined;
  /** A prefix of an operation's id. */
  readonly operation?: string | undefined;
  /** Only those that wait for a decision. */
  readonly blocked?: boolean | undefined;
  /** Only those that are blocked by this type of failure. */
  readonly blockedBy?: string | undefined;
  /** Also those that have ended; default true. */
  readonly ended?: boolean | undefined;
}

type Attribute = keyof typeof searchAttributes;

const has = (attribute: Attribute, condition: string): string => `${searchAttributes[attribute].name} ${condition}`;

const is = (attribute: Attribute, value: string | undefined): string[] =>
  value === undefined ? [] : [has(attribute, `= ${literal(value)}`)];

export const executionQuery = (filter: ExecutionFilter): string => {
  const { cluster, clusters, host, kind, operation, blockedBy } = filter;
  const blocked = filter.blocked === true || blockedBy !== undefined;
  return [
    has('operation', operation === undefined ? 'IS NOT NULL' : `STARTS_WITH ${literal(operation)}`),
    ...is('cluster', cluster),
    ...(clusters === undefined ? [] : [has('cluster', `IN (${clusters.map(literal).join(', ')})`)]),
    ...is('host', host),
    ...is('kind', kind),
    ...(blocked ? [has('blocked', '= true')] : []),
    ...is('blockedReason', blockedBy),
    ...(filter.ended === false || blocked ? ["ExecutionStatus = 'Running'"] : []),
  ].join(' AND ');
};

export interface ExecutionPage {
  readonly operations: readonly OperationSummary[];
  /** The server's own token of the next page, base64url; absent after the last one. */
  readonly next?: string;
}

/** One page of operations that have begun, in the server's order: running ones first, then closed ones, newest first. */
export const listExecutions = async (
  client: Client,
  query: string,
  { pageSize, token }: { readonly pageSize: number; readonly token?: string | undefined },
): Promise<ExecutionPage> => {
  const { namespace, loadedDataConverter } = client.options;
  const page = await within(client, 10_000, () =>
    client.workflowService.listWorkflowExecutions({
      namespace,
      query,
      pageSize: Math.min(pageSize, largestPage),
      ...(token === undefined ? {} : { nextPageToken: Buffer.from(token, 'base64url') }),
    }),
  ).catch((cause: Error) => {
    throw new ServiceError('Failed to list operations', { cause });
  });
  const infos = await Promise.all(
    page.executions.map((raw) => executionInfoFromRaw(raw, loadedDataConverter, raw, namespace)),
  );
  const next = Buffer.from(page.nextPageToken ?? []).toString('base64url');
  return {
    operations: infos.map(summaryOf).filter((summary) => summary !== undefined),
    ...(next === '' ? {} : { next }),
  };
};

/** All operations that a query finds. */
export const allExecutions = async (client: Client, query: string): Promise<OperationSummary[]> => {
  const found: OperationSummary[] = [];
  let token: string | undefined;
  do {
    const page = await listExecutions(client, query, { pageSize: largestPage, token });
    found.push(...page.operations);
    token = page.next;
  } while (token !== undefined);
  return found;
};
