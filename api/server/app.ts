import rateLimit from '@fastify/rate-limit';
import Fastify, { LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { randomUUID } from 'node:crypto';
import { addressGroup } from '../../model/network-address.js';
import { addAuthentication } from './access/authenticate.js';
import { createBursts } from './bursts.js';
import { trackConnections, type Connections } from './connections.js';
import { addDocuments, addOpenApiRoute } from './documents.js';
import { addErrorHandling, answerError } from './problems/errors.js';
import { addRequestLog } from './request-log.js';
import { addJsonBodies } from './json-body.js';
import { addRequestMetrics, createMetrics } from './metrics.js';
import { defaultLimits, type AppOptions, type Tls } from './options.js';
import { ApiProblem } from './problems/api-problem.js';
import { addClusterRoutes } from './routes/clusters.js';
import { addDecisionRoutes } from './routes/decisions.js';
import { addEventRoutes } from './routes/events.js';
import { addOperationRoutes } from './routes/operations.js';
import { addProbes } from './routes/probes.js';
import { addProtectiveHeaders } from './protective-headers.js';
import { isAmong, limitProxied } from './proxies.js';
import type { Api } from './routes.js';
import { createSpecificationReader } from './specifications/reader.js';
import { answerClientError } from './problems/client-errors.js';

export interface App {
  readonly api: Api;
  /** Ends the event streams and refuses new requests; call `api.close()` next. */
  readonly beginEnd: () => void;
  readonly connections: Connections;
}

const tlsOptions = ({ cert, key, clientCa }: Tls) => ({
  cert,
  key,
  minVersion: 'TLSv1.2' as const,
  ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
});

/** The API with all of its routes, before it listens. */
export const createApp = async (options: AppOptions): Promise<App> => {
  const { client, tokens, ready, log, version, tls, trustedProxies = [] } = options;
  const isProxy = isAmong(trustedProxies);
  const limits = { ...defaultLimits, ...options.limits };
  const ending = new AbortController();
  const metrics = createMetrics();
  // Node checks for late requests every half minute, and takes the longer of the two times for the headers.
  const timeouts = {
    headersTimeout: limits.requestMs,
    connectionsCheckingInterval: Math.min(limits.requestMs, 5_000),
  };
  const api = Fastify({
    loggerInstance: log,
    // One line per request is enough: request-log.ts.
    logController: new LogController({ disableRequestLogging: true }),
    // The log and the answer show the same id; one that a client sends is ignored.
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestMs,
    // Also where a client reads no answers: then nothing is written any more.
    connectionTimeout: limits.silenceMs,
    keepAliveTimeout: 65_000,
    // Ours answers with a problem; see below.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    // Node bounds the whole line; a name that is too long is refused by its schema.
    routerOptions: { maxParamLength: 20_000 },
    ...(tls === undefined
      ? { http: timeouts }
      : { https: { ...timeouts, handshakeTimeout: limits.handshakeMs, ...tlsOptions(tls) } }),
  }).withTypeProvider<ZodTypeProvider>() as unknown as Api;
  const closed = createBursts((group, more) => log.warn({ ip: group, more }, 'connections closed: too many'));
  const connections = trackConnections(api.server, {
    limits,
    isProxy,
    onClosed: (group, of) => {
      if (closed.count(group)) log.warn({ ip: group, of }, 'connection closed: too many');
    },
  });
  api.removeContentTypeParser('text/plain');
  addJsonBodies(api);
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);

  addProtectiveHeaders(api, tls !== undefined);
  addRequestLog(api);
  addRequestMetrics(api, metrics);
  api.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
    if (!ending.signal.aborted || request.routeOptions.url === '/healthz') return;
    throw new ApiProblem('shutting-down', 'The server ends.', {
      remedy: 'Ask again: with the same Idempotency-Key nothing is done twice.',
      headers: { connection: 'close', 'retry-after': '2' },
    });
  });
  limitProxied(api, isProxy, limits);
  addAuthentication(api, tokens, (request) => connections.identified(request.raw.socket));
  await api.register(rateLimit, {
    max: limits.requestsPerSecond,
    timeWindow: 1_000,
    keyGenerator: ({ identified, ip }) =>
      identified?.name === undefined ? `ip ${addressGroup(ip)}` : `token ${identified.name}`,
    errorResponseBuilder: (_request, { max }) =>
      new ApiProblem('too-many-requests', `More than ${max} requests within a second.`, {
        remedy: 'Wait as Retry-After says. The option --rate-limit of `quorate server` is the limit.',
      }),
  });
  addErrorHandling(api);
  await addDocuments(api, version);

  const specifications = createSpecificationReader();
  api.addHook('onClose', specifications.end);
  const serving = { client, tokens, ready, specifications, limits, metrics, ending: ending.signal };
  addProbes(api, serving);
  addOpenApiRoute(api);
  addClusterRoutes(api, serving);
  addOperationRoutes(api, serving);
  addDecisionRoutes(api, serving);
  addEventRoutes(api, serving);
  await api.ready();
  return { api, beginEnd: () => ending.abort(), connections };
};
