import type { FastifyInstance } from 'fastify';

/** One line per request, when its answer is complete. Never a header: they carry tokens. */
export const addRequestLog = (app: FastifyInstance): void => {
  app.addHook('onResponse', async (request, reply) => {
    const { method, url, ip } = request;
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
