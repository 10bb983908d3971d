import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { QuorateClient } from '../client/client.js';
import type { TokenStore } from './tokens/token-store.js';
import type { Metrics } from './metrics.js';
import type { Limits } from './options.js';
import type { SpecificationReader } from './specifications/reader.js';
import { ProblemDetails } from '../http/problem-details.js';

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the routes work with. */
export interface Serving {
  readonly client: QuorateClient;
  readonly tokens: TokenStore;
  readonly ready: () => Promise<void>;
  readonly specifications: SpecificationReader;
  readonly limits: Limits;
  readonly metrics: Metrics;
  /** Aborted when the server ends: ends event streams. */
  readonly ending: AbortSignal;
}

const meanings = {
  400: 'The request is not as described.',
  401: 'No token, or one that is not known, was revoked or has expired.',
  403: 'The role of the token is not enough, or it does not reach the cluster.',
  404: 'There is no such operation.',
  406: 'The client accepts none of the media types there are.',
  408: 'The request did not arrive in time.',
  409: 'It makes no sense now, or may mean several operations; the evidence says why.',
  413: 'The body is too large.',
  415: 'The body is no JSON.',
  421: 'Without tokens the server answers as localhost only.',
  422: 'The specification is wrong, or does not fit what is asked for; or the Idempotency-Key is that of another request.',
  429: 'Too many requests, or too many event streams; Retry-After says when to ask again.',
  431: 'The address or the headers are too large: 16 KiB together at most.',
  500: 'A defect of Quorate. The log of the server has the request id.',
  502: 'A worker answered, but could not do it.',
  503: 'Temporal or a worker does not answer, or the server ends. The request may still be carried out: ask again with the same key.',
} as const;
type Refusal = keyof typeof meanings;

const refusal = (status: Refusal) => ({
  description: meanings[status],
  content: { 'application/problem+json': { schema: ProblemDetails } },
});
type Refusals = Partial<Record<Refusal, ReturnType<typeof refusal>>>;

/** What every route under /v1 may answer by itself: who asks, how often, and what nobody foresaw. */
const common = [400, 401, 403, 421, 429, 431, 500, 503] as const satisfies readonly Refusal[];
/** And those that take a body. */
export const ofBody = [408, 413, 415] as const satisfies readonly Refusal[];

/** The error responses of a route, for its schema. */
export const refusals = (...statuses: readonly Refusal[]): Refusals =>
  Object.fromEntries([...new Set([...common, ...statuses])].map((status) => [status, refusal(status)]));

/** For routes that anybody may ask. */
export const publicRefusals = (...statuses: readonly Refusal[]): Refusals =>
  Object.fromEntries([...new Set([429, 431, 500, ...statuses] as const)].map((status) => [status, refusal(status)]));
