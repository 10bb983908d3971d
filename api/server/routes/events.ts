import { Readable } from 'node:stream';
import { z } from 'zod';
import { hasEnded } from '../../client/operation-summary.js';
import { callerOf, requireStillAllowed } from '../access/authenticate.js';
import { problemAnswer } from '../problems/errors.js';
import { eventId, eventStream } from '../events/event-stream.js';
import { locate } from '../locate.js';
import { refusals, type Api, type Serving } from '../routes.js';
import { OperationPath } from '../schemas.js';
import { createSlots } from '../slots.js';

const EventHeaders = z.object({
  'last-event-id': z
    .string()
    .max(200)
    .optional()
    .describe('The id of the last event that was seen; it is not sent again.'),
});

/** One event as its reader sees it. */
const Event = z.object({
  id: z.string().optional().describe('To be sent as Last-Event-ID after a lost connection.'),
  event: z.string().optional().describe('problem for an error in the middle of the stream; else message.'),
  data: z.string().describe('JSON: an OperationView, or ProblemDetails in an event named problem.'),
  retry: z.int().optional(),
});

/** Progress as server-sent events. */
export const addEventRoutes = (app: Api, { client, tokens, limits, metrics, ending }: Serving): void => {
  const slots = createSlots({
    all: limits.streams,
    perToken: limits.streamsPerToken,
    what: 'event streams',
    remedy: 'Close some, or ask for the operation itself from time to time.',
    retryAfter: 10,
  });
  app.get(
    '/v1/operations/:cluster/:kind/:host/:key/events',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'watchOperation',
        tags: ['operations'],
        summary: 'The operation each time it changes, until it ends',
        description:
          'Server-sent events. The data of each event is the whole view of the operation, as of its own route. After a lost connection send the id of the last event as Last-Event-ID: what changed since comes at once, and nothing that was seen. An event named `problem` is an error in the middle of the stream; its data is a problem.',
        headers: EventHeaders,
        params: OperationPath,
        response: {
          200: {
            description: 'Events; the schema is that of each.',
            content: { 'text/event-stream': { schema: Event } },
          },
          204: z.undefined().describe('The operation has ended, and the last event was seen.'),
          ...refusals(404),
        },
      },
    },
    async (request, reply) => {
      // However it ends: the client went away, the operation or the server has ended.
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const summary = await locate(client, request.params);
      const lastEventId = request.headers['last-event-id'];
      if (lastEventId !== undefined) {
        const view = await client.view(summary);
        if (hasEnded(view.summary.state) && eventId(view) === lastEventId) return reply.code(204).send();
      }
      const release = slots.take(callerOf(request));
      const end = (): void => {
        release();
        metrics.streams.set(slots.taken());
      };
      metrics.streams.set(slots.taken());
      if (gone.signal.aborted) end();
      else gone.signal.addEventListener('abort', end, { once: true });
      const signal = AbortSignal.any([gone.signal, ending]);
      const stream = Readable.from(
        eventStream(client.watch(summary, { signal }), {
          lastEventId,
          keepAliveMs: limits.keepAliveMs,
          signal,
          check: () => requireStillAllowed(request, tokens),
          toProblem: (error) => problemAnswer(error, request),
        }),
        { objectMode: false, highWaterMark: 1 },
      );
      return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream);
    },
  );
};
