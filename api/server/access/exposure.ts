import { isIPv6 } from 'node:net';
import { isLoopback, urlHost } from '../../../model/network-address.js';
import { OperatorError } from '../../../model/failures/operator-error.js';

/** Where the server listens. */
export interface ListenAddress {
  /** Name or IP address, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
}

export const defaultListen: ListenAddress = { host: '127.0.0.1', port: 7330 };

/** Reads HOST:PORT, IPv6 in brackets. @returns undefined when the text is none. */
export const parseListen = (text: string): ListenAddress | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535 || (match?.[1] !== undefined && !isIPv6(host))) return undefined;
  return { host, port };
};

export const urlOf = ({ host, port }: ListenAddress, tls: boolean): string =>
  `${tls ? 'https' : 'http'}://${urlHost(host)}:${port}`;

/**
 * Refuses to listen where others could reach a server that does not know them, or read its tokens on the way.
 *
 * @throws OperatorError (refused)
 */
export const requireSafeExposure = (
  listen: ListenAddress,
  how: {
    readonly hasTokens: boolean;
    readonly tls: boolean;
    readonly insecureHttp: boolean;
    readonly tokenFile: string;
  },
): void => {
  if (isLoopback(listen.host)) return;
  const where = `${listen.host}:${listen.port}`;
  if (!how.hasTokens) {
    throw new OperatorError('refused', `There are no tokens, and ${where} may be reached from other machines.`, {
      evidence: [`no token in ${how.tokenFile}`],
      remedy: 'Make one with `quorate token create NAME --role admin`, or listen on 127.0.0.1.',
    });
  }
  if (!how.tls && !how.insecureHttp) {
    throw new OperatorError('refused', `Without TLS, tokens sent to ${where} can be read on the way.`, {
      remedy:
        'Give --tls-cert and --tls-key, or listen on 127.0.0.1, or say with --insecure-http that a proxy before it speaks TLS.',
    });
  }
};
