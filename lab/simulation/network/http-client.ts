import { X509Certificate } from 'node:crypto';
import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';
import type { Connection } from './network.js';
import type { HttpResponse } from './service.js';

export interface HttpOptions {
  readonly method?: string;
  readonly headers?: ReadonlyMap<string, string>;
  readonly body?: string;
  readonly clientCertificate?: string;
  /** PEM of the CAs that are trusted; absent: the server's certificate is not checked. */
  readonly ca?: string;
  /** The process that asks. */
  readonly by?: Process;
}

export type HttpOutcome =
  | { readonly kind: 'answered'; readonly response: HttpResponse }
  | { readonly kind: 'refused' | 'unreachable' | 'unresolved' | 'empty' }
  | { readonly kind: 'untrusted'; readonly because: 'unknown authority' | 'expired' | 'name' };

export interface Target {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export const parseUrl = (url: string): Target | undefined => {
  const [, scheme = 'http', user, bracketed, plain = '', port, path = '/'] =
    /^(?:(https?):\/\/)?([^/@]*@)?(?:\[([^\]]+)\]|([^:/?]+))(?::(\d+))?(\/.*|\?.*)?$/.exec(url) ?? [];
  if (plain === '' && bracketed === undefined) return undefined;
  void user;
  return {
    scheme: scheme === 'https' ? 'https' : 'http',
    host: bracketed ?? plain,
    port: Number(port ?? (scheme === 'https' ? 443 : 80)),
    path,
  };
};

const verdicts = new Map<string, boolean>();

/** Whether one of the CAs in a PEM text issued a certificate. */
export const issuedBy = (certificate: string, cas: string): boolean => {
  const key = `${certificate.length}${certificate.slice(-120)}${cas.length}${cas.slice(-120)}`;
  const known = verdicts.get(key);
  if (known !== undefined) return known;
  const issued = (() => {
    try {
      const leaf = new X509Certificate(certificate);
      return (cas.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).some((pem) => {
        const ca = new X509Certificate(pem);
        return leaf.checkIssued(ca) && leaf.verify(ca.publicKey);
      });
    } catch {
      return false;
    }
  })();
  if (verdicts.size > 5000) verdicts.clear();
  verdicts.set(key, issued);
  return issued;
};

/** Whether a certificate is within its time by a clock. */
export const isInTime = (certificate: string, now: number): boolean => {
  try {
    const { validFrom, validTo } = new X509Certificate(certificate);
    return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
  } catch {
    return false;
  }
};

const namesHost = (certificate: string, host: string): boolean => {
  try {
    const leaf = new X509Certificate(certificate);
    return (/^[\d.]+$|:/.test(host) ? leaf.checkIP(host) : leaf.checkHost(host)) !== undefined;
  } catch {
    return false;
  }
};

/** Through the proxies in between, at most a few of them. */
const followRoutes = (first: Connection): Connection | undefined => {
  let connection: Connection | undefined = first;
  for (let hops = 0; connection?.listener.service.route !== undefined && hops < 4; hops += 1)
    connection = connection.listener.service.route();
  return connection;
};

/** What answers at an address just now, behind proxies as well; undefined when nothing does. */
export const whatAnswers = (machine: Machine, url: string): Connection | undefined => {
  const target = parseUrl(url);
  const address = target === undefined ? undefined : machine.network.resolve(target.host);
  if (target === undefined || address === undefined) return undefined;
  const { verdict, machine: to, listener } = machine.network.verdict(address, target.port);
  if (verdict !== 'open' || to === undefined || listener === undefined) return undefined;
  const found = followRoutes({ result: 'open', machine: to, listener });
  return found === undefined || found.machine.isFrozen || found.listener.process.isStopped ? undefined : found;
};

/** One request from a host. It may take for ever, as with somebody who says nothing. */
export const httpRequest = async (
  machine: Machine,
  target: Target,
  options: HttpOptions = {},
): Promise<HttpOutcome> => {
  const address = machine.network.resolve(target.host);
  if (address === undefined) return { kind: 'unresolved' };
  const first = await machine.network.dial(address, target.port);
  if (first.result !== 'open') return { kind: first.result };
  await first.listener.service.look?.();
  const connection = followRoutes(first);
  if (connection === undefined) return { kind: 'empty' };
  const { service } = connection.listener;
  if (connection.machine.isFrozen) await connection.machine.whenThawed();
  await connection.listener.process.whenContinued();
  const shown = service.certificate?.();
  if (target.scheme === 'https' && service.certificate !== undefined) {
    if (shown === undefined) return { kind: 'empty' };
    if (options.ca !== undefined) {
      if (!issuedBy(shown, options.ca)) return { kind: 'untrusted', because: 'unknown authority' };
      if (!isInTime(shown, machine.now())) return { kind: 'untrusted', because: 'expired' };
      if (!namesHost(shown, target.host)) return { kind: 'untrusted', because: 'name' };
    }
    const clientCa = service.clientCa?.();
    if (clientCa !== undefined) {
      const { clientCertificate } = options;
      const valid =
        clientCertificate !== undefined &&
        issuedBy(clientCertificate, clientCa) &&
        isInTime(clientCertificate, connection.machine.now());
      if (!valid) return { kind: 'empty' };
    }
  }
  if (service.http === undefined) return new Promise(() => undefined);
  const response = await service.http({
    method: options.method ?? 'GET',
    path: target.path,
    headers: options.headers ?? new Map(),
    body: options.body ?? '',
    from: machine,
    ...(options.by === undefined ? {} : { by: options.by }),
    ...(options.clientCertificate === undefined ? {} : { clientCertificate: options.clientCertificate }),
  });
  if (response === undefined) return { kind: 'empty' };
  // The answer needs a way back.
  while (!machine.network.reaches(machine, first.machine, target.port)) await machine.network.whenChanged();
  return { kind: 'answered', response };
};
