import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Prometheus metrics of the API process. Labels name routes, never clusters, hosts or callers. */
export interface Metrics {
  readonly registry: Registry;
  readonly streams: Gauge;
  readonly submitted: Counter;
}

export const createMetrics = (): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    streams: new Gauge({
      name: 'quorate_api_event_streams',
      help: 'Event streams that are open.',
      registers: [registry],
    }),
    submitted: new Counter({
      name: 'quorate_api_operations_accepted_total',
      help: 'Requests for an operation that were accepted, also those for one that there was already.',
      registers: [registry],
    }),
  };
};

/** Times every answer, by route and status. Event streams are timed by their end. */
export const addRequestMetrics = (app: FastifyInstance, { registry }: Metrics): void => {
  const duration = new Histogram({
    name: 'quorate_api_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    duration.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
  });
};
