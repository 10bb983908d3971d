import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createBursts } from './bursts.js';

/** Who sent it, as the limits count. */
const whoOf = ({ identified, ip }: FastifyRequest): string => identified?.name ?? ip;

/**
 * One line per request, when its answer is complete; of many requests of one caller that were too many, the first one and
 * their number. Never a header: they carry tokens.
 */
export const addRequestLog = (app: FastifyInstance): void => {
  const refused = createBursts((who, more) => app.log.warn({ who, more, status: 429 }, 'requests refused: too many'));
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, ip } = request;
    if (reply.statusCode === 429 && !refused.count(whoOf(request))) return;
    request.log.info(
      {
        requestId: request.id,
        method,
        url: url.slice(0, 500),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ip,
        ...(request.identified?.name === undefined ? {} : { by: request.identified.name }),
      },
      'request',
    );
  });
};
