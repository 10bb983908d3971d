import type { Logger } from 'pino';
import type { QuorateClient } from '../client/client.js';
import type { TokenStore } from './tokens/token-store.js';

/** Limits that keep one caller from starving the others. */
export interface Limits {
  /** Largest body of a request, bytes; default 2 MiB. Larger ones get 413. */
  readonly bodyBytes: number;
  /** Requests per second and token (per address without one); default 200. More get 429 with Retry-After. */
  readonly requestsPerSecond: number;
  /** Open connections; default 1000. With more, the oldest one whose caller is not known is closed. */
  readonly connections: number;
  /** Of these from one address, or from one /64 of IPv6; default 250. Through a trusted proxy: requests under way of one client. */
  readonly connectionsPerAddress: number;
  /** Event streams at the same time; default 200. More get 429. */
  readonly streams: number;
  /** Event streams at the same time per token; default 50. */
  readonly streamsPerToken: number;
  /** Plans and readings of a status at the same time; default 20. Each makes a worker log in to hosts. More get 429. */
  readonly readings: number;
  /** Of these per token; default 4. */
  readonly readingsPerToken: number;
  /** Plans and readings of a status per minute and token (per address without one); default 60. More get 429 with Retry-After. */
  readonly readingsPerMinute: number;
  /** Time a request may take to arrive whole, milliseconds; default 30 000. */
  readonly requestMs: number;
  /** Time a client may take for the TLS handshake, milliseconds; default 10 000. */
  readonly handshakeMs: number;
  /** Time for which a connection may carry nothing at all in either direction, milliseconds; default 150 000, longer than any request takes. */
  readonly silenceMs: number;
  /** Time between two comments on an idle event stream, milliseconds; default 15 000. Proxies close idle connections. */
  readonly keepAliveMs: number;
  /** Time that requests under way have when the server ends, milliseconds; default 10 000. */
  readonly shutdownMs: number;
}

export const defaultLimits: Limits = {
  bodyBytes: 2 * 1024 * 1024,
  requestsPerSecond: 200,
  connections: 1_000,
  connectionsPerAddress: 250,
  streams: 200,
  streamsPerToken: 50,
  readings: 20,
  readingsPerToken: 4,
  readingsPerMinute: 60,
  requestMs: 30_000,
  handshakeMs: 10_000,
  silenceMs: 150_000,
  keepAliveMs: 15_000,
  shutdownMs: 10_000,
};

/** PEM, as read from files. */
export interface Tls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Certificates of clients must be issued by one of these; clients need none when absent. */
  readonly clientCa?: string | Buffer;
}

export interface AppOptions {
  readonly client: QuorateClient;
  readonly tokens: TokenStore;
  /** Settles when the Temporal server answers, rejects when it does not. */
  readonly ready: () => Promise<void>;
  readonly log: Logger;
  /** Shown in the OpenAPI document. */
  readonly version: string;
  readonly limits?: Partial<Limits>;
  readonly tls?: Tls;
  /** Addresses or subnets of proxies whose X-Forwarded-For is believed; default none. */
  readonly trustedProxies?: readonly string[];
}
