import type { BackendFacts } from '../../model/facts/cluster-facts.js';

/** One line for the operator about what was done, such as "registered cp3 10.0.0.13:6443, disabled, on lb1". */
export type Note = string;

interface ApiServer {
  /** Name of the host, and of the server in HAProxy. */
  readonly name: string;
  /** IP address without brackets or port. */
  readonly address: string;
}

/**
 * What stands behind `controlPlaneEndpoint`. Every change may be repeated: what is done already is not done again, and
 * the note says so. With several load balancers a change is tried on each; when one fails, the error names it and
 * says where the change is done.
 *
 * Every function may throw QuorateError Unreachable (no SSH connection to a load balancer, or it was lost) and the
 * others that `Host.run` throws, LoadBalancerUnavailable (HAProxy does not do what it was told, or its runtime socket
 * does not answer), ClusterMismatch (it is the load balancer of another cluster), HostUnsuitable (HAProxy or a client for its socket is missing, or its configuration is somebody
 * else's) and CommandFailed (HAProxy refuses the configuration).
 */
export interface LoadBalancer {
  /** The API servers as each load balancer sees them; empty for one that Quorate never configured. */
  describe(): Promise<BackendFacts[]>;
  /** Makes the server known with this state, also when it is known with another address or state. */
  register(server: ApiServer, state: 'enabled' | 'disabled'): Promise<Note>;
  /**
   * New connections may go to the server once its next health check succeeds.
   * @throws QuorateError CommandFailed when it is not registered.
   */
  enable(name: string): Promise<Note>;
  /**
   * No connection may go to the server, and those it has are closed. Nothing to do when it is not registered.
   *
   * Those that processes from before a reload hold are closed where the socket of HAProxy's master process answers; the
   * note says where it does not.
   */
  disable(name: string): Promise<Note>;
  /** No new connection goes to the server; those it has stay, also over a reload. After a restart it is disabled. */
  drain(name: string): Promise<Note>;
  /** Forgets the server, after its connections are closed, as with `disable`. */
  remove(name: string): Promise<Note>;
  /**
   * Returns when each load balancer's own health check of the server succeeds.
   * @param options.timeoutMs how long to wait, in milliseconds.
   * @throws QuorateError BackendNotUp with the last check of each load balancer that still refuses.
   */
  waitUntilUp(name: string, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<void>;
}
