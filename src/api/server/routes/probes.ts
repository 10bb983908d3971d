import { z } from 'zod';
import { ApiProblem } from '../problem-details.js';
import { publicRefusals, refusals, type Api, type Serving } from '../routes.js';
import { Health } from '../schemas.js';

/** For load balancers, process managers and Prometheus. */
export const addProbes = (app: Api, { ready, metrics, ending }: Serving): void => {
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
    async () => {
      if (ending.aborted) throw new ApiProblem('shutting-down', 'The server ends.', { remedy: 'Ask another one.' });
      await ready();
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
      serializerCompiler: () => (text: unknown) => String(text),
    },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
};
