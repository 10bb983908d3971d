import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TokenStore } from '../tokens/token-store.js';
import { accessTable, type Access, type RouteId } from './access-table.js';
import { localCaller, requireCluster, requireRole, requireServer, type Caller } from './caller.js';
import { requireLocalRequest } from './open-access.js';
import { ApiProblem } from '../problems/api-problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent the request; undefined while that is not known, and on routes for anyone. */
    identified: Caller | undefined;
  }
  interface FastifyContextConfig {
    access?: Access;
  }
}

const challenge = { 'www-authenticate': 'Bearer realm="quorate"' };
const unauthenticated = (detail: string): ApiProblem =>
  new ApiProblem('unauthenticated', detail, {
    remedy: 'Send the header Authorization: Bearer TOKEN; `quorate token create NAME` makes one.',
    headers: challenge,
  });

/** @throws ApiProblem (unauthenticated, wrong-host, forbidden) */
const identify = (request: FastifyRequest, tokens: TokenStore): Caller => {
  if (!tokens.needed()) {
    requireLocalRequest(request);
    return localCaller;
  }
  const { authorization } = request.headers;
  if (authorization === undefined) throw unauthenticated('The request has no token.');
  const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthenticated('The header Authorization is not of the form Bearer TOKEN.');
  const presented = tokens.find(token);
  switch (presented.kind) {
    case 'unknown':
      throw unauthenticated('The token is not known, or was revoked.');
    case 'expired':
      throw unauthenticated(`The token ${presented.record.name} expired at ${presented.record.expires}.`);
    case 'known': {
      const { name, role, clusters } = presented.record;
      return { name, role, clusters };
    }
  }
};

const accessOf = (operationId: unknown): Access => {
  const access = (accessTable as Readonly<Record<string, Access>>)[String(operationId)];
  if (access === undefined) throw new Error(`the route ${String(operationId)} is not in the table of access`);
  return access;
};

const requireAccess = (caller: Caller, { role, clusters }: Access, request: FastifyRequest): void => {
  if (role !== 'anyone') requireRole(caller, role);
  if (clusters === 'server') requireServer(caller);
  const { cluster } = (request.params ?? {}) as { cluster?: string };
  if (clusters === 'named' && cluster !== undefined) requireCluster(caller, cluster);
};

/** Who sent this request. For handlers of routes that are not for anyone. */
export const callerOf = ({ identified }: FastifyRequest): Caller => {
  if (identified === undefined) throw new Error('a route for anyone asked who its caller is');
  return identified;
};

/**
 * Identifies the caller before the rate limit counts the request, and refuses it before its body is read.
 *
 * @param onIdentified told of each request whose caller is known, whatever that one may do
 */
export const addAuthentication = (
  app: FastifyInstance,
  tokens: TokenStore,
  onIdentified: (request: FastifyRequest) => void,
): void => {
  app.decorateRequest('identified', undefined);
  const refused = new WeakMap<FastifyRequest, unknown>();
  app.addHook('onRoute', (route) => {
    // The documentation page, which shows nothing else.
    if (route.url === '/docs' || route.url.startsWith('/docs/')) return;
    const operationId = (route.schema as { operationId?: RouteId } | undefined)?.operationId;
    route.config = { ...route.config, access: accessOf(operationId) };
  });
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access;
    if (access === undefined || access.role === 'anyone') return;
    try {
      request.identified = identify(request, tokens);
      onIdentified(request);
    } catch (error) {
      refused.set(request, error);
    }
  });
  // After the rate limit, so that it also bounds how fast tokens can be guessed.
  app.addHook('preParsing', async (request) => {
    const access = request.routeOptions.config.access;
    if (access === undefined || access.role === 'anyone') return;
    const problem = refused.get(request);
    if (problem !== undefined) throw problem;
    requireAccess(callerOf(request), access, request);
  });
};

/**
 * Checks the caller of a long request again: its token may have been revoked or have expired.
 *
 * @throws ApiProblem (unauthenticated, forbidden)
 */
export const requireStillAllowed = (request: FastifyRequest, tokens: TokenStore): void => {
  const { access } = request.routeOptions.config;
  if (access !== undefined) requireAccess(identify(request, tokens), access, request);
};
