import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../../../model/network-address.js';
import { ApiProblem } from '../problems/api-problem.js';

const hostname = (authority: string): string => {
  try {
    return new URL(`http://${authority}`).hostname;
  } catch {
    return '';
  }
};

/** Headers that a proxy adds: such a request comes from another machine. */
const ofProxies = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'] as const;

const makeToken = 'Make a token with `quorate token create NAME --role admin` and send it.';

/**
 * Without tokens everybody on this machine may do everything, and nobody else may reach the server through them: not a
 * web page whose name was made to point to 127.0.0.1 (DNS rebinding), not a page of another origin, not a proxy.
 *
 * @throws ApiProblem (wrong-host, forbidden)
 */
export const requireLocalRequest = ({ headers }: Pick<FastifyRequest, 'headers'>): void => {
  const host = headers.host ?? '';
  if (!isLoopback(hostname(host))) {
    throw new ApiProblem('wrong-host', `Without tokens this server answers as localhost only, not as ${host}.`, {
      remedy: `Use http://127.0.0.1. For another name: ${makeToken}`,
    });
  }
  const { origin } = headers;
  if (
    (origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) ||
    headers['sec-fetch-site'] === 'cross-site' ||
    headers['sec-fetch-site'] === 'same-site'
  ) {
    throw new ApiProblem('forbidden', 'Without tokens this server takes nothing from pages of other origins.', {
      remedy: makeToken,
    });
  }
  const proxied = ofProxies.find((name) => headers[name] !== undefined);
  if (proxied !== undefined) {
    throw new ApiProblem('forbidden', `Without tokens this server takes nothing from a proxy (header ${proxied}).`, {
      remedy: makeToken,
    });
  }
};
