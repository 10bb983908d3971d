import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';

/** What a receiver writes is of no interest: it is read to be polite, up to here, bytes. */
const mostRead = 64 * 1024;

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Certificates in PEM to trust instead of those that Node.js trusts. */
  readonly ca?: string;
  /** For all of it: name, connection, request, answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** The header, as it was sent. */
  readonly retryAfter?: string;
}

/**
 * One POST on a connection of its own. Redirects are not followed, and the body of the answer is thrown away.
 * @throws Error as Node.js makes them: their texts hold the address
 */
export const post = ({ url, headers, body, ca, timeoutMs, signal }: Post): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const ends = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
    let answer: Answer | undefined;
    const settle = (error: unknown): void => {
      // The status is the answer, also when the rest of it does not come.
      if (answer === undefined) reject(error as Error);
      else resolve(answer);
    };
    const request = (url.protocol === 'https:' ? overHttps : overHttp)(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.any(ends),
      ...(ca === undefined ? {} : { ca }),
    });
    request.on('error', settle);
    request.on('response', (response) => {
      const retryAfter = response.headers['retry-after'];
      answer = { status: response.statusCode ?? 0, ...(retryAfter === undefined ? {} : { retryAfter }) };
      let read = 0;
      response.on('data', (chunk: Buffer) => {
        read += chunk.length;
        if (read > mostRead) response.destroy();
      });
      response.on('error', settle);
      response.on('close', settle);
    });
    request.end(body);
  });
