import { z } from 'zod';
import { OperatorError } from '../../../model/failures/operator-error.js';
import { publicRefusals, refusals, type Api, type Serving } from '../routes.js';
import { Health } from '../schemas.js';

/** For load balancers, process managers and Prometheus. */
export const addProbes = (app: Api, { ready, metrics }: Serving): void => {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        tags: ['server'],
        summary: 'Whether the process serves requests',
        response: { 200: Health, ...publicRefusals() },
      },
    },
    async () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        tags: ['server'],
        summary: 'Whether the Temporal server answers',
        response: { 200: Health, ...publicRefusals(503) },
      },
    },
    async (request) => {
      try {
        await ready();
      } catch (error) {
        // Whoever asks without a token does not learn where it is.
        request.log.warn({ err: error, requestId: request.id }, 'not ready');
        throw new OperatorError('temporal-unreachable', 'The Temporal server does not answer.', {
          remedy: 'Operations are not affected. Start the Temporal server, or see the log of this one.',
        });
      }
      return { status: 'ok' as const };
    },
  );
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['server'],
        summary: 'Metrics of the API process, for Prometheus',
        response: {
          200: { description: 'Text format of Prometheus.', content: { 'text/plain': { schema: z.string() } } },
          ...refusals(),
        },
      },
    },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
};
