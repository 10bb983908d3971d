import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { ProblemDetails } from '../../http/problem-details.js';
import { ofApi } from '../protective-headers.js';
import { ApiProblem, defect, problemOf, type ApiProblemKind } from './api-problem.js';

const badRequest = ['bad-request', 'Send what /openapi.json describes.'] as const;
/** What Fastify refuses by itself, by status. */
const refusals: Readonly<Record<number, readonly [kind: ApiProblemKind, remedy: string]>> = {
  404: ['no-such-route', 'See /docs for the routes there are.'],
  406: ['not-acceptable', 'Accept application/json.'],
  408: ['request-timeout', 'Send the whole request at once.'],
  413: ['body-too-large', 'Send a smaller body. The option --max-body of `quorate server` is the limit.'],
  415: ['unsupported-media-type', 'Send JSON with the header Content-Type: application/json.'],
  431: ['headers-too-large', 'Send fewer or shorter headers.'],
};

interface Issue {
  readonly instancePath?: string;
  readonly message?: string;
}

/** `body/specification/text` of an issue at `/specification/text` of the body. */
const issueText = (context: string, { instancePath = '', message = 'is wrong' }: Issue): string =>
  `${context}${instancePath}: ${message}`.slice(0, 500);

const asProblem = (error: unknown): unknown => {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const { validationContext = 'request', validation } = error as FastifyError & { validation: Issue[] };
    return new ApiProblem('bad-request', `The ${validationContext} is not as described.`, {
      remedy: 'Mend what the evidence says; /openapi.json describes every field.',
      evidence: validation.slice(0, 20).map((issue) => issueText(validationContext, issue)),
    });
  }
  const { statusCode, code, message } = (error ?? {}) as Partial<FastifyError>;
  // Only errors of Fastify itself may speak: their texts are fixed.
  if (statusCode === undefined || statusCode >= 500 || code?.startsWith('FST_') !== true) return error;
  const refusal = refusals[statusCode] ?? badRequest;
  return new ApiProblem(refusal[0], message ?? '', { remedy: refusal[1] });
};

/** Any error as a problem; an unforeseen one is logged in full and reported as a defect. */
export const problemAnswer = (error: unknown, request: FastifyRequest): ProblemDetails => {
  const problem = problemOf(asProblem(error), request.id);
  if (problem !== undefined) return problem;
  request.log.error({ err: error, requestId: request.id }, 'unexpected');
  return defect(request.id);
};

export const answerError = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
  const problem = problemAnswer(error, request);
  if (problem.status === 503 && reply.getHeader('retry-after') === undefined) void reply.header('retry-after', '5');
  if (error instanceof ApiProblem) void reply.headers(error.headers);
  // Also where no hook of a route comes to it.
  void reply.headers(ofApi);
  void reply.code(problem.status).header('x-request-id', request.id).type('application/problem+json').send(problem);
};

/** The documentation page and its files: every other route says who may use it. */
const isOfPage = ({ routeOptions }: FastifyRequest): boolean => routeOptions.config.access === undefined;

const isRefusal = (error: unknown): boolean => {
  const { statusCode = 500 } = (error ?? {}) as Partial<FastifyError>;
  return statusCode >= 400 && statusCode < 500;
};

interface KnownRoute {
  readonly method: string;
  readonly pattern: RegExp;
}

/** Every path of a route, whatever the names of its parameters. */
const patternOf = (url: string): RegExp =>
  new RegExp(
    `^${url
      .split('/')
      .map((part) =>
        part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('/')}$`,
  );

/** Makes every error response a problem. Call it before routes are added: 405 needs to know them. */
export const addErrorHandling = (app: FastifyInstance): void => {
  const routes: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, pattern: patternOf(url) });
  });
  const unknown = ({ url, method }: FastifyRequest): ApiProblem => {
    const path = url.split('?')[0] ?? '';
    const allowed = [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map((route) => route.method))];
    // A file of the page that is not there has a route as well.
    return allowed.length > 0 && !allowed.includes(method)
      ? new ApiProblem('method-not-allowed', `${path} does not take ${method}.`, {
          remedy: `Use ${allowed.join(' or ')}.`,
          headers: { allow: allowed.join(', ') },
        })
      : new ApiProblem('no-such-route', `There is no ${path}.`, { remedy: 'See /docs for the routes there are.' });
  };
  /** What is wrong with a request that has no route, and why a file of the page is refused, does not matter. */
  const isNowhere = (error: unknown, request: FastifyRequest): boolean =>
    !(error instanceof ApiProblem) && (request.is404 || (isOfPage(request) && isRefusal(error)));
  app.setErrorHandler((error, request, reply) =>
    answerError(isNowhere(error, request) ? unknown(request) : error, request, reply),
  );
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) =>
    answerError(unknown(request), request, reply),
  );
};
