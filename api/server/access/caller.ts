import { reaches, roles, type Role, type TokenRecord } from '../tokens/token.js';
import { ApiProblem } from '../problems/api-problem.js';

/** Who sends a request. */
export interface Caller {
  /** Name of the token; absent on loopback without tokens, where the request says who asks. */
  readonly name?: string;
  readonly role: Role;
  readonly clusters: TokenRecord['clusters'];
}

/** Whoever reaches a server that listens on loopback alone and has no tokens. */
export const localCaller: Caller = { role: 'admin', clusters: 'all' };

const hasRole = (caller: Caller, least: Role): boolean => roles.indexOf(caller.role) >= roles.indexOf(least);

const named = ({ name }: Caller): string => (name === undefined ? 'This caller' : `The token ${name}`);

/** @throws ApiProblem (forbidden) */
export const requireRole = (caller: Caller, least: Role): void => {
  if (hasRole(caller, least)) return;
  throw new ApiProblem('forbidden', `${named(caller)} has the role ${caller.role}; this needs ${least}.`, {
    remedy: `Use a token of the role ${least}: \`quorate token create NAME --role ${least}\`.`,
  });
};

/** @throws ApiProblem (forbidden), which says nothing about whether there is such a cluster. */
export const requireCluster = (caller: Caller, cluster: string): void => {
  if (reaches(caller, cluster)) return;
  throw new ApiProblem('forbidden', `${named(caller)} does not reach the cluster ${cluster}.`, {
    remedy: `Use a token for it: \`quorate token create NAME --role ${caller.role} --cluster ${cluster}\`.`,
  });
};

/** @throws ApiProblem (forbidden) */
export const requireServer = (caller: Caller): void => {
  if (caller.role === 'admin' || caller.clusters === 'all') return;
  throw new ApiProblem('forbidden', `${named(caller)} reaches some clusters only; this is about the whole server.`, {
    remedy: `Use a token without --cluster: \`quorate token create NAME --role ${caller.role}\`.`,
  });
};

/** Who is recorded as having asked or decided: the token's name, whatever the request says. */
export const recordedAs = (caller: Caller, said: string | undefined): string => caller.name ?? said ?? 'local';
