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
 * Refuses to serve everybody unless that was asked for in so many words, and to listen where others could reach a server
 * that does not know them or read its tokens on the way. A file of tokens that is not there, or has none left, opens nothing.
 *
 * @throws OperatorError (refused)
 */
export const requireSafeExposure = (
  listen: ListenAddress,
  how: {
    readonly hasTokens: boolean;
    /** It was asked for that everybody on this machine may do everything. */
    readonly withoutTokens: boolean;
    readonly tls: boolean;
    readonly insecureHttp: boolean;
    readonly tokenFile: string;
  },
): void => {
  const where = `${listen.host}:${listen.port}`;
  const isLocal = isLoopback(listen.host);
  if (how.withoutTokens && how.hasTokens) {
    throw new OperatorError('refused', `--without-tokens was given, and there are tokens in ${how.tokenFile}.`, {
      remedy: 'Leave out --without-tokens; or name another file with --tokens, which has none.',
    });
  }
  if (how.withoutTokens && !isLocal) {
    throw new OperatorError('refused', `Without tokens ${where} could be reached from other machines by anybody.`, {
      remedy: 'Make a token with `quorate token create NAME --role admin`, or listen on 127.0.0.1.',
    });
  }
  if (!how.withoutTokens && !how.hasTokens) {
    throw new OperatorError('refused', 'There are no tokens, so nobody could be told from anybody else.', {
      evidence: [`no token in ${how.tokenFile}`],
      remedy: `Make one with \`quorate token create NAME --role admin\`, or correct --tokens.${isLocal ? ' For everybody on this machine to do everything: --without-tokens.' : ''}`,
    });
  }
  if (!isLocal && !how.tls && !how.insecureHttp) {
    throw new OperatorError('refused', `Without TLS, tokens sent to ${where} can be read on the way.`, {
      remedy:
        'Give --tls-cert and --tls-key, or listen on 127.0.0.1, or say with --insecure-http that a proxy before it speaks TLS.',
    });
  }
};
