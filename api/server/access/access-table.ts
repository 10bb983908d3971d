import type { Role } from '../tokens/token.js';

/** What a route requires of its caller. */
export interface Access {
  /** The minimum role; `anyone` needs no token. */
  readonly role: Role | 'anyone';
  /**
   * Which clusters the token must reach.
   * `named`: the one that the path or the body names. `own`: the answer is cut to the token's own.
   * `none`: it is about no cluster. `server`: it is about the server as a whole, so a token for all clusters or an admin's.
   */
  readonly clusters: 'named' | 'own' | 'none' | 'server';
}

/**
 * Who may do what, by operation id of the OpenAPI document; docs/api.md shows the same table. A route that is not in it
 * cannot be added: the server would not start.
 */
export const accessTable = {
  getHealth: { role: 'anyone', clusters: 'none' },
  getReadiness: { role: 'anyone', clusters: 'none' },
  getOpenApi: { role: 'anyone', clusters: 'none' },
  getMetrics: { role: 'viewer', clusters: 'server' },
  listClusters: { role: 'viewer', clusters: 'own' },
  validateSpecification: { role: 'viewer', clusters: 'none' },
  planOperation: { role: 'viewer', clusters: 'named' },
  readStatus: { role: 'viewer', clusters: 'named' },
  listOperations: { role: 'viewer', clusters: 'own' },
  findOperation: { role: 'viewer', clusters: 'named' },
  getOperation: { role: 'viewer', clusters: 'named' },
  watchOperation: { role: 'viewer', clusters: 'named' },
  startOperation: { role: 'operator', clusters: 'named' },
  decideOperation: { role: 'operator', clusters: 'named' },
  cancelOperation: { role: 'operator', clusters: 'named' },
  retryOperations: { role: 'operator', clusters: 'own' },
} as const satisfies Record<string, Access>;

export type RouteId = keyof typeof accessTable;
