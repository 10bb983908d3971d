import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';
import type { Connection } from './network.js';

export interface HttpRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** PEM of the certificate that the client showed. */
  readonly clientCertificate?: string;
  /** The host that asks. */
  readonly from: Machine;
  /** The process that asks, which no server sees: for those who watch the world. */
  readonly by?: Process;
}

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of gRPC. */
  readonly trailers?: Readonly<Record<string, string>>;
}

/** What answers at a port. */
export interface Service {
  /** What is spoken, when it is not HTTP. */
  readonly protocol?: string;
  /** PEM of the certificate that it shows; absent without TLS. */
  readonly certificate?: () => string | undefined;
  /** PEM of the CA that must have issued a client's certificate; absent when none is asked for. */
  readonly clientCa?: () => string | undefined;
  /** `undefined`: the connection is closed without an answer. A promise that stays open: no answer at all. */
  readonly http?: (request: HttpRequest) => Promise<HttpResponse | undefined> | HttpResponse | undefined;
  /** Where a connection goes on to, as a TCP proxy decides it; undefined closes it. */
  readonly route?: () => Connection | undefined;
  /** What a proxy knows by the time at which a connection gets to it. */
  readonly look?: () => Promise<unknown>;
}
