import type { FastifyInstance } from 'fastify';

/** For every answer, also those that are written to a bare socket: no browser guesses a type. */
const always = { 'x-content-type-options': 'nosniff' } as const;

/** For what is about operations and clusters: nobody on the way keeps it. */
export const ofApi = { ...always, 'cache-control': 'no-store' } as const;

/** A browser that has spoken TLS to this name speaks nothing else to it for a year (RFC 6797). */
const strictTransport = { 'strict-transport-security': 'max-age=31536000' } as const;

/** Files of the documentation page: they say nothing of anybody, and have their own headers for caches. */
const isStatic = (url: string): boolean => url.startsWith('/docs/static/');

/**
 * Headers that keep browsers and caches from doing harm with an answer. A route may say more of its own.
 *
 * @param tls whether the server speaks TLS itself
 */
export const addProtectiveHeaders = (app: FastifyInstance, tls: boolean): void => {
  app.addHook('onSend', async (request, reply) => {
    const found = isStatic(request.url) && reply.statusCode < 400;
    for (const [name, value] of Object.entries({ ...(found ? always : ofApi), ...(tls ? strictTransport : {}) })) {
      void reply.header(name, value);
    }
  });
};
