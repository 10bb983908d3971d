import { randomUUID } from 'node:crypto';
import type { ConnectionError } from 'fastify';
import type { Socket } from 'node:net';
import { ofApi } from '../protective-headers.js';
import { ApiProblem, problemOf } from './api-problem.js';

/** What Node's HTTP parser refuses, before there is a request. */
const ofCode = ({ code }: ConnectionError): ApiProblem => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ApiProblem('headers-too-large', 'The headers are too large.', {
        remedy: 'Send fewer or shorter ones.',
      });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiProblem('request-timeout', 'The request did not arrive in time.', {
        remedy: 'Send the whole request at once.',
      });
    default:
      return new ApiProblem('bad-request', 'This is no HTTP/1.1 request.', { remedy: 'Use an HTTP client.' });
  }
};

/** How long the answer to what is no request may take to be sent, milliseconds. */
const answerMs = 2_000;

/** Whether Node's HTTP parser refused something: else nobody is there who could read an answer, or no TLS session to write it to. */
const isOfParser = (code: unknown): boolean => typeof code === 'string' && /^(HPE|ERR_HTTP)_/.test(code);

/** Answers on the bare socket, as problem+json like everything else, and closes it. */
export const answerClientError = (error: ConnectionError, socket: Socket): void => {
  if (!isOfParser(error.code) || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problemOf(ofCode(error), randomUUID()));
  const { status, title } = JSON.parse(body) as { status: number; title: string };
  socket.write(
    [
      `HTTP/1.1 ${status} ${title}`,
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      ...Object.entries(ofApi).map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
  );
  // Waits for the answer to be sent, which a client that reads nothing would put off for ever.
  socket.destroySoon();
  setTimeout(() => socket.destroy(), answerMs).unref();
};
