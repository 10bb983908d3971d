import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer as overHttp } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as overHttps } from 'node:https';
import type { AddressInfo } from 'node:net';

/** 32 bytes, as `openssl rand -base64 32` makes them. */
export const secret = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;

export interface Delivered {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly path: string;
  /** As it was sent, byte for byte. */
  readonly body: string;
}

/** Whether one of the signatures of a delivery is right: written after the specification, without the library that signs. */
export const isSigned = ({ headers, body }: Pick<Delivered, 'headers' | 'body'>, by: string): boolean => {
  const key = Buffer.from(by.replace(/^whsec_/, ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', key).update(signed).digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .some((signature) => {
      const [version, encoded = ''] = signature.split(',');
      const bytes = Buffer.from(encoded, 'base64');
      return version === 'v1' && bytes.length === expected.length && timingSafeEqual(bytes, expected);
    });
};

export interface Receiver {
  readonly url: URL;
  readonly port: number;
  readonly delivered: Delivered[];
  /** What it does with each request, once its body was read; default: 204. */
  answer: (response: ServerResponse, request: IncomingMessage) => void;
  close(): Promise<void>;
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

/** A receiver of webhooks on loopback. @param options.port default a free one */
export const startReceiver = async (
  options: { port?: number; tls?: { key: string; cert: string } } = {},
): Promise<Receiver> => {
  const delivered: Delivered[] = [];
  const take: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      const { headers, method = '', url: path = '' } = request;
      delivered.push({ headers, method, path, body });
      receiver.answer(response, request);
    });
  };
  const { tls } = options;
  const server = tls === undefined ? overHttp(take) : overHttps(tls, take);
  const port = await listen(server, options.port ?? 0);
  const receiver: Receiver = {
    port,
    // What is behind the host is as secret as the secret itself.
    url: new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hooks/hidden-path`),
    delivered,
    answer: (response) => response.writeHead(204).end(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
};
