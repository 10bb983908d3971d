import { canonicalAddress } from './address.js';
import { refuseLine } from './line.js';
import type { Setting } from './settings.js';
import { expandTokens } from './tokens.js';

/**
 * The host name by `HostName`, in which `%h` is the name that was given; that name where there is none.
 * @throws QuorateError InvalidSpecification for another token.
 */
export const hostNameOf = (settings: ReadonlyMap<string, Setting>, name: string): string => {
  const { values: [configured] = [], line } = settings.get('hostname') ?? {};
  if (configured === undefined || line === undefined) return name;
  try {
    return expandTokens(configured, { h: name });
  } catch (error) {
    throw refuseLine(line, error instanceof Error ? error.message : String(error));
  }
};

const looksLikeAddress = (host: string): boolean => /[%:]/.test(host) || /^[\d.]*$/.test(host);

/** As `ssh` takes a host name into use: an address in its canonical spelling, a name in lower case. */
export const spelled = (settings: ReadonlyMap<string, Setting>, host: string): string =>
  canonicalAddress(host, settings.get('addressfamily')?.values[0]) ??
  (looksLikeAddress(host) ? host : host.toLowerCase());

/**
 * CanonicalizeHostname and CanonicalizePermittedCNAMEs are followed as far as no name server is asked: for addresses, for
 * names of enough dots, and behind a proxy.
 * @throws QuorateError InvalidSpecification where `ssh` would ask one.
 */
export const requireNoLookup = (settings: ReadonlyMap<string, Setting>, host: string, name: string): void => {
  const first = (keyword: string): string | undefined => settings.get(keyword)?.values[0];
  const refuse = (keyword: string): void => {
    const line = settings.get(keyword)?.line;
    if (line === undefined) return;
    throw refuseLine(
      line,
      `the name of ${name} would have to be completed by a name server, which is not supported`,
      `give "Host ${name}" a HostName in full`,
    );
  };
  if (canonicalAddress(host) !== undefined || looksLikeAddress(host)) return;
  const isSet = (keyword: string): boolean => ![undefined, 'none'].includes(first(keyword)?.toLowerCase());
  const isDirect = !isSet('proxycommand') && !isSet('proxyjump');
  const mode = first('canonicalizehostname') ?? 'no';
  if (!isDirect && mode !== 'always') return;
  if (isSet('canonicalizepermittedcnames')) return refuse('canonicalizepermittedcnames');
  if (mode === 'no') return;
  if (host.endsWith('.')) return refuse('canonicalizehostname');
  if (host.split('.').length - 1 > Number(first('canonicalizemaxdots') ?? '1')) return;
  if (isSet('canonicaldomains')) return refuse('canonicaldomains');
  if (first('canonicalizefallbacklocal') === 'no') return refuse('canonicalizefallbacklocal');
};
