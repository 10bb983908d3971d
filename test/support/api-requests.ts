import type { RouteId } from '../../api/server/access/access-table.js';
import { clusterYaml } from './run-cli.js';

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

const change = (cluster: string) => ({ verb: 'join', host: 'w1', specification: { text: clusterYaml(cluster) } });
const operation = (cluster: string): string => `/v1/operations/${cluster}/join-worker/w1/1f00aa11`;

/** A good request to every route of the API, about that cluster where it is about one. */
export const requestsAbout = (cluster: string): Readonly<Record<RouteId, ApiRequest>> => ({
  getHealth: { method: 'GET', path: '/healthz' },
  getReadiness: { method: 'GET', path: '/readyz' },
  getOpenApi: { method: 'GET', path: '/openapi.json' },
  getMetrics: { method: 'GET', path: '/metrics' },
  listClusters: { method: 'GET', path: '/v1/clusters' },
  validateSpecification: {
    method: 'POST',
    path: '/v1/validate',
    body: { specification: { text: clusterYaml(cluster) } },
  },
  planOperation: { method: 'POST', path: '/v1/plan', body: change(cluster) },
  readStatus: { method: 'POST', path: '/v1/status', body: { specification: { text: clusterYaml(cluster) } } },
  listOperations: { method: 'GET', path: `/v1/operations?cluster=${cluster}` },
  findOperation: { method: 'GET', path: `/v1/find?name=${cluster}/join-worker` },
  getOperation: { method: 'GET', path: operation(cluster) },
  watchOperation: { method: 'GET', path: `${operation(cluster)}/events` },
  startOperation: { method: 'POST', path: '/v1/operations', body: change(cluster) },
  decideOperation: { method: 'POST', path: `${operation(cluster)}/decide`, body: { action: 'retry' } },
  cancelOperation: { method: 'POST', path: `${operation(cluster)}/cancel`, body: {} },
  retryOperations: { method: 'POST', path: '/v1/retry', body: { cluster } },
});

/** Sends a request as it is, with a token when there is one. */
export const send = (
  url: string,
  { method, path, body }: ApiRequest,
  token?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
