import { Submitted } from '../../client/client.js';
import { newIdempotencyKey } from '../../client/operation-id.js';
import { OperationList } from '../../client/find-operations.js';
import { OperationSummary } from '../../client/operation-summary.js';
import { OperationView } from '../../client/operation-view.js';
import { callerOf } from '../access/authenticate.js';
import { recordedAs, requireCluster } from '../access/caller.js';
import { locate, operationUrl } from '../locate.js';
import { createPageTokens } from '../page-tokens.js';
import { readFor } from '../parsed.js';
import { ofBody, refusals, type Api, type Serving } from '../routes.js';
import { FindQuery, KeyHeader, ListQuery, OperationPath, StartBody } from '../schemas.js';

const flagOf = (text: 'true' | 'false' | undefined): boolean | undefined =>
  text === undefined ? undefined : text === 'true';
/** Without what is undefined. */
const given = <Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

/** Starting operations and looking at them. */
export const addOperationRoutes = (app: Api, { client, tokens, metrics, specifications }: Serving): void => {
  const pages = createPageTokens(tokens);
  app.post(
    '/v1/operations',
    {
      schema: {
        operationId: 'startOperation',
        tags: ['operations'],
        summary: 'Hand an operation to the queue of its cluster',
        headers: KeyHeader,
        body: StartBody,
        response: { 202: Submitted, ...refusals(...ofBody, 409, 422) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { verb, host, by } = request.body;
      const specification = await readFor(specifications, caller, request.body.specification);
      const key = request.headers['idempotency-key'] ?? newIdempotencyKey();
      const submitted = await client.submit({ specification, verb, host, key, by: recordedAs(caller, by) });
      metrics.submitted.inc();
      return reply.code(202).header('location', operationUrl(submitted.operation)).send(submitted);
    },
  );
  app.get(
    '/v1/operations',
    {
      schema: {
        operationId: 'listOperations',
        tags: ['operations'],
        summary: 'Operations, newest first',
        querystring: ListQuery,
        response: { 200: OperationList, ...refusals() },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { blocked, ended, cluster, pageToken, ...filter } = request.query;
      if (cluster !== undefined) requireCluster(caller, cluster);
      const after = pageToken === undefined ? undefined : pages.verified(pageToken);
      const { nextPageToken, ...page } = await client.list({
        ...given({ ...filter, cluster, blocked: flagOf(blocked), ended: flagOf(ended), pageToken: after }),
        ...(caller.clusters === 'all' || cluster !== undefined ? {} : { clusters: caller.clusters }),
      });
      return { ...page, ...(nextPageToken === undefined ? {} : { nextPageToken: pages.sign(nextPageToken) }) };
    },
  );
  app.get(
    '/v1/find',
    {
      schema: {
        operationId: 'findOperation',
        tags: ['operations'],
        summary: 'The operation that the front of a name means',
        querystring: FindQuery,
        response: { 200: OperationSummary, ...refusals(404, 409) },
      },
    },
    async (request) => {
      const { name, prefer } = request.query;
      requireCluster(callerOf(request), name.split('/')[0] ?? '');
      return client.find(name, prefer);
    },
  );
  app.get(
    '/v1/operations/:cluster/:kind/:host/:key',
    {
      schema: {
        operationId: 'getOperation',
        tags: ['operations'],
        summary: 'One operation: its steps, its plan, why it waits',
        params: OperationPath,
        response: { 200: OperationView, ...refusals(404) },
      },
    },
    async (request) => client.view(await locate(client, request.params)),
  );
};
