import { Agent, request, type Dispatcher } from 'undici';
import { isLoopback } from '../../model/network-address.js';
import { OperatorError } from '../../model/failures/operator-error.js';
import type { HttpClientOptions } from './settings.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path below the address of the server, beginning with `/v1`. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Time until the answer begins, milliseconds. */
  readonly headersMs?: number;
  /** Longest silence within the answer, milliseconds. */
  readonly silenceMs?: number;
  readonly signal?: AbortSignal;
}

/** Sends requests to one server over persistent connections. */
export interface Transport {
  readonly server: string;
  readonly send: (request: HttpRequest) => Promise<Dispatcher.ResponseData>;
  readonly close: () => Promise<void>;
}

const addressOf = ({ server, token }: HttpClientOptions): URL => {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new OperatorError('bad-usage', 'QUORATE_SERVER is not the address of a server.', {
      remedy: 'Set it to http://HOST:PORT or https://HOST:PORT; the token belongs into QUORATE_TOKEN.',
    });
  }
  if (token !== undefined && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new OperatorError('bad-usage', `A token sent to ${url.origin} could be read on the way.`, {
      remedy: 'Use https in QUORATE_SERVER.',
    });
  }
  return url;
};

/** @throws OperatorError (bad-usage) when the address cannot be used, or a token would travel in the clear. */
export const createTransport = (options: HttpClientOptions): Transport => {
  const url = addressOf(options);
  const { token, ca, cert, key } = options;
  const dispatcher = new Agent({
    connect: {
      timeout: 5_000,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    },
  });
  const base = url.href.replace(/[?#].*$/, '').replace(/\/+$/, '');
  return {
    server: base,
    send: ({ method, path, body, headers, headersMs = 15_000, silenceMs = 15_000, signal }) =>
      request(`${base}${path}`, {
        method,
        dispatcher,
        headersTimeout: headersMs,
        bodyTimeout: silenceMs,
        ...(signal === undefined ? {} : { signal }),
        headers: {
          accept: 'application/json, application/problem+json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    close: () => dispatcher.destroy(),
  };
};
