import { parsePort } from './values.js';

/** A host to connect to: a name of the specification, or one word of `ProxyJump`. */
export interface Destination {
  readonly name: string;
  readonly user?: string;
  readonly port?: number;
  /** Jump hosts, nearest to this machine first; overrides what the configuration says, as `ssh -J`. */
  readonly via?: readonly Destination[];
}

const destination = (name: string, user: string | undefined, port: number | undefined): Destination => ({
  name,
  ...(user === undefined ? {} : { user }),
  ...(port === undefined ? {} : { port }),
});

const ofUri = (text: string): Destination | undefined => {
  const parts = /^ssh:\/\/(?:([^@]+)@)?([\p{L}\p{N}_][\p{L}\p{N}_.-]*)(?::([^/]*))?\/?$/u.exec(text);
  const [, user, name, portText] = parts ?? [];
  const port = portText === undefined || portText === '' ? undefined : parsePort(portText);
  if (name === undefined || name.includes('..')) return undefined;
  if (portText !== undefined && portText !== '' && port === undefined) return undefined;
  try {
    const [userName] = user?.split(';') ?? [];
    return destination(name, userName === undefined ? undefined : decodeURIComponent(userName), port);
  } catch {
    return undefined;
  }
};

/**
 * One word of ProxyJump: `[user@]host[:port]`, `[user@][address]:port` or `ssh://...`. Undefined for what `ssh` does not
 * take either, such as an IPv6 address without brackets.
 */
export const parseJump = (text: string): Destination | undefined => {
  if (text.startsWith('ssh://')) return ofUri(text);
  const parts = /^(?:(.+)@)?(?:\[([^\]]+)\]|([^[:/@][^:/@]*))(?::(.*))?$/s.exec(text);
  const [, user, address, host, portText] = parts ?? [];
  const name = address ?? host;
  if (name === undefined) return undefined;
  const port = portText === undefined || portText === '' ? undefined : parsePort(portText);
  if (portText !== undefined && portText !== '' && port === undefined) return undefined;
  return destination(name, user, port);
};

/** What a shell would take apart or replace: `ssh` puts the hosts of ProxyJump into a command line. */
const special = /[\s'"`$\\;&<>|(){}]/;

/** All of ProxyJump, nearest to this machine first; a string says why not. */
export const parseJumps = (text: string): readonly Destination[] | string => {
  const hops: Destination[] = [];
  for (const word of text.replace(/#.*$/s, '').split(',')) {
    const bare = word.trim().replace(/^(['"])([^'"]*)\1$/, '$2');
    if (special.test(bare)) return `"${word.trim()}" is more than a host: name it as [user@]host[:port]`;
    const hop = parseJump(bare);
    if (hop === undefined)
      return `"${word.trim()}" is no jump host: name it as [user@]host[:port], an IPv6 address in brackets`;
    hops.push(hop);
  }
  return hops;
};
