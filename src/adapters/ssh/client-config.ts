import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { QuorateError } from '../../model/failure.js';
import { computeConfig, type ConfigSource } from './config-file.js';
import { expandPath, expandTokens, type Tokens } from './tokens.js';

/** Where the client configuration is looked for; see `HostsOptions`. */
export interface ConfigContext {
  readonly configFile?: string | undefined;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A host to connect to: a name of the specification, or one word of `ProxyJump`. */
export interface Destination {
  readonly name: string;
  readonly user?: string;
  readonly port?: number;
  /** Jump hosts, nearest to this machine first; overrides what the configuration says, as `ssh -J`. */
  readonly via?: readonly Destination[];
}

type Proxy =
  | { readonly kind: 'none' }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'jump'; readonly hops: readonly Destination[] };

/** Everything about a host that its connection needs, with tokens expanded. */
export interface ResolvedHost {
  /** As the specification has it; used in messages. */
  readonly name: string;
  readonly hostName: string;
  /** The configuration gave the HostName; otherwise it is the name itself. */
  readonly hostNameConfigured: boolean;
  readonly port: number;
  readonly user: string;
  readonly identityFiles: readonly string[];
  /** False when `identityFiles` are the default ones. */
  readonly identitiesConfigured: boolean;
  readonly identitiesOnly: boolean;
  /** Socket of the SSH agent; absent when there is none, or it must not be used. */
  readonly identityAgent?: string;
  readonly proxy: Proxy;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias?: string;
  readonly connectTimeoutMs?: number;
  /** `StrictHostKeyChecking no` or the like: not honoured, but worth a word in messages. */
  readonly hostKeyCheckingRelaxed: boolean;
  /** The operator's own configuration file, which may not exist yet. */
  readonly configFile: string;
  /** The files that were read; `configFile` when there is none. */
  readonly configFiles: readonly string[];
}

const sourcesOf = ({ configFile, home }: ConfigContext): readonly [ConfigSource, ...ConfigSource[]] => {
  const userFolder = join(home, '.ssh');
  if (configFile !== undefined) return [{ file: configFile, includeFolder: userFolder, required: true }];
  return [
    { file: join(userFolder, 'config'), includeFolder: userFolder, required: false },
    { file: '/etc/ssh/ssh_config', includeFolder: '/etc/ssh', required: false },
  ];
};

/** `[user@]host[:port]`, `[user@][address]:port` or `ssh://...`, as a word of ProxyJump. */
export const parseJump = (word: string): Destination => {
  const bare = word.replace(/^ssh:\/\//, '').replace(/\/$/, '');
  const at = bare.lastIndexOf('@');
  const user = at === -1 ? undefined : bare.slice(0, at);
  const place = bare.slice(at + 1);
  const parts = /^\[(.+)\](?::(\d+))?$/.exec(place) ?? /^([^:]+):(\d+)$/.exec(place);
  const port = parts?.[2];
  return {
    name: parts?.[1] ?? place,
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
};

const portOf = (text: string, name: string, files: readonly string[]): number => {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new QuorateError('InvalidSpecification', `"Port ${text}" of host ${name} is not a port`, {
    host: name,
    remedy: `correct it in ${files.join(' or ')}`,
  });
};

/** Seconds, or ssh's time format such as `1m30s`; 0 and nonsense mean the default. */
const secondsOf = (text: string): number | undefined => {
  if (!/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  const unit: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  let seconds = 0;
  for (const [, digits, letter = ''] of text.matchAll(/(\d+)([smhdw]?)/gi)) {
    seconds += Number(digits) * (unit[letter.toLowerCase()] ?? 0);
  }
  return seconds > 0 ? seconds : undefined;
};

const isYes = (value: string | undefined): boolean => value?.toLowerCase() === 'yes' || value?.toLowerCase() === 'true';

/**
 * What the operator's `ssh NAME` would use, by ssh_config(5). A name that no file knows is its own HostName.
 * Read anew each time, so that a corrected file helps the next attempt.
 * @throws QuorateError InvalidSpecification when a file cannot be used.
 */
export const resolveHost = (destination: Destination, context: ConfigContext): ResolvedHost => {
  const { name } = destination;
  const { home, environment } = context;
  const sources = sourcesOf(context);
  const { values, files } = computeConfig(sources, name, destination.user, context);
  const first = (key: string): string | undefined => values.get(key)?.[0];
  const configFile = sources[0].file;
  const configFiles = files.length > 0 ? files : [configFile];

  const localUser = userInfo().username;
  const user = destination.user ?? first('user') ?? localUser;
  const configuredName = first('hostname');
  const hostName = configuredName === undefined ? name : expandTokens(configuredName, { h: name });
  const port = destination.port ?? portOf(first('port') ?? '22', name, configFiles);
  const hostKeyAlias = first('hostkeyalias');
  const tokens: Tokens = {
    d: home,
    h: hostName,
    i: String(userInfo().uid),
    k: hostKeyAlias ?? name,
    L: hostname().split('.')[0] ?? '',
    l: hostname(),
    n: name,
    p: String(port),
    r: user,
    u: localUser,
  };
  const pathOf = (path: string): string => expandPath(path, tokens, home, environment);
  const filesOf = (key: string, fallback: readonly string[]): readonly string[] =>
    (values.get(key) ?? fallback).filter((path) => path.toLowerCase() !== 'none').map(pathOf);

  const identities = values.get('identityfile');
  const agent = agentOf(first('identityagent'), pathOf, environment);
  const timeout = secondsOf(first('connecttimeout') ?? '');
  return {
    name,
    hostName,
    hostNameConfigured: configuredName !== undefined,
    port,
    user,
    identityFiles: [...new Set(filesOf('identityfile', ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']))],
    identitiesConfigured: identities !== undefined,
    identitiesOnly: isYes(first('identitiesonly')),
    ...(agent === undefined ? {} : { identityAgent: agent }),
    proxy: proxyOf(destination, values, tokens),
    userKnownHostsFiles: filesOf('userknownhostsfile', ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
    globalKnownHostsFiles: filesOf('globalknownhostsfile', ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    ...(timeout === undefined ? {} : { connectTimeoutMs: timeout * 1000 }),
    hostKeyCheckingRelaxed: ['no', 'off', 'accept-new'].includes(first('stricthostkeychecking')?.toLowerCase() ?? ''),
    configFile,
    configFiles,
  };
};

const agentOf = (
  configured: string | undefined,
  pathOf: (path: string) => string,
  environment: ConfigContext['environment'],
): string | undefined => {
  if (configured === undefined || configured === 'SSH_AUTH_SOCK') return environment['SSH_AUTH_SOCK'] || undefined;
  if (configured.toLowerCase() === 'none') return undefined;
  if (/^\$\w+$/.test(configured)) return environment[configured.slice(1)] || undefined;
  return pathOf(configured);
};

/** ProxyJump and ProxyCommand exclude each other: the one that is configured first is used. */
const proxyOf = (destination: Destination, values: ReadonlyMap<string, readonly string[]>, tokens: Tokens): Proxy => {
  if (destination.via !== undefined) {
    return destination.via.length === 0 ? { kind: 'none' } : { kind: 'jump', hops: destination.via };
  }
  for (const [key, [value = '']] of values) {
    if (key !== 'proxycommand' && key !== 'proxyjump') continue;
    if (value.toLowerCase() === 'none') return { kind: 'none' };
    if (key === 'proxycommand') return { kind: 'command', command: expandTokens(value, tokens) };
    return { kind: 'jump', hops: value.split(',').map((word) => parseJump(expandTokens(word.trim(), tokens))) };
  }
  return { kind: 'none' };
};
