import { RetryReport } from '../../client/client.js';
import { CancelAnswer, DecideAnswer } from '../../http/answers.js';
import { callerOf } from '../access/authenticate.js';
import { recordedAs, requireCluster } from '../access/caller.js';
import { locate } from '../locate.js';
import { createOnce } from '../once.js';
import { ofBody, refusals, type Api, type Serving } from '../routes.js';
import { CancelBody, DecideBody, KeyHeader, OperationPath, RetryBody } from '../schemas.js';
import { retryWithin } from '../retry-within.js';

/** Decisions about operations: one by one, and for all that an outage blocked. */
export const addDecisionRoutes = (app: Api, { client }: Serving): void => {
  const once = createOnce();
  app.post(
    '/v1/operations/:cluster/:kind/:host/:key/decide',
    {
      schema: {
        operationId: 'decideOperation',
        tags: ['operations'],
        summary: 'Decide how a blocked operation goes on',
        headers: KeyHeader,
        params: OperationPath,
        body: DecideBody,
        response: { 200: DecideAnswer, ...refusals(...ofBody, 404, 409, 422) },
      },
    },
    async (request) => {
      const { action, about, reason, by } = request.body;
      return once(request, async () => {
        const summary = await locate(client, request.params);
        await client.decide(summary, {
          action,
          reason,
          by: recordedAs(callerOf(request), by),
          ...(about === undefined ? {} : { about }),
        });
        return { operation: summary.operation, action };
      });
    },
  );
  app.post(
    '/v1/operations/:cluster/:kind/:host/:key/cancel',
    {
      schema: {
        operationId: 'cancelOperation',
        tags: ['operations'],
        summary: 'Stop an operation and undo what it did; one that waits is withdrawn',
        headers: KeyHeader,
        params: OperationPath,
        body: CancelBody,
        response: { 202: CancelAnswer, ...refusals(...ofBody, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { reason, by } = request.body;
      const answer = await once(request, async () => {
        const summary = await locate(client, request.params);
        const result = await client.cancel(summary, { reason, by: recordedAs(callerOf(request), by) });
        return { operation: summary.operation, result };
      });
      return reply.code(202).send(answer);
    },
  );
  app.post(
    '/v1/retry',
    {
      schema: {
        operationId: 'retryOperations',
        tags: ['operations'],
        summary: 'Send the decision retry to every blocked operation that matches',
        headers: KeyHeader,
        body: RetryBody,
        response: { 200: RetryReport, ...refusals(...ofBody, 422) },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { dryRun, reason, by, ...filter } = request.body;
      if (filter.cluster !== undefined) requireCluster(caller, filter.cluster);
      return once(request, () => retryWithin(client, caller, filter, { dryRun, reason, by: recordedAs(caller, by) }));
    },
  );
};
