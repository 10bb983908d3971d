import { hostname, userInfo } from 'node:os';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { allowedAlgorithms, type AllowedAlgorithms } from './algorithms.js';
import { parseJumps, type Destination } from './jump.js';
import { refuseLine } from './line.js';
import { jumpHostOf, readConfig, type ConfigSource } from './read.js';
import { readRevokedKeys } from './revoked.js';
import type { KnownKey } from '../connection/known-hosts.js';
import type { RekeyLimit } from '../connection/rekey.js';
import type { Setting } from './settings.js';
import { expandTilde, expandTokens, type Environment, type Tokens } from './tokens.js';

export type { Destination } from './jump.js';

/** Where the client configuration is looked for; see `HostsOptions`. */
export interface ConfigContext {
  readonly configFile?: string | undefined;
  readonly home: string;
  readonly environment: Environment;
}

type Proxy =
  | { readonly kind: 'none' }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'jump'; readonly hops: readonly Destination[] };

/** What messages about a host need. */
export interface HostPlace {
  /** As the specification has it. */
  readonly name: string;
  readonly hostName: string;
  readonly port: number;
  /** The configuration files that were read; the one that would be when there is none. */
  readonly configFiles: readonly string[];
}

/** Everything about a host that its connection needs, with tokens expanded. */
export interface ResolvedHost extends HostPlace {
  /** The configuration gave the HostName; otherwise it is the name itself. */
  readonly hostNameConfigured: boolean;
  readonly user: string;
  readonly identityFiles: readonly string[];
  /** False when `identityFiles` are the default ones. */
  readonly identitiesConfigured: boolean;
  readonly certificateFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** Socket of the SSH agent; absent when there is none, or it must not be used. */
  readonly identityAgent?: string;
  /** Why no key is to be offered; absent when keys are. */
  readonly offersNoKeys?: string;
  readonly proxy: Proxy;
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly hostKeyAlias?: string;
  readonly algorithms: AllowedAlgorithms;
  /** Of `RevokedHostKeys`: refused, whatever known_hosts has. */
  readonly revokedKeys: readonly KnownKey[];
  /** RSA keys of fewer bits are refused, the host's and the user's. */
  readonly minRsaBits: number;
  readonly rekey: RekeyLimit;
  readonly connectTimeoutMs?: number;
  readonly family?: 4 | 6;
  readonly localAddress?: string;
  /** `StrictHostKeyChecking no` or the like: not honoured, but worth a word in messages. */
  readonly hostKeyCheckingRelaxed: boolean;
  /** What else is configured, is not followed, and is worth a word when a login or a host key is refused. */
  readonly notFollowed: readonly string[];
  /** The operator's own configuration file, which may not exist yet. */
  readonly configFile: string;
}

const sourcesOf = ({ configFile, home }: ConfigContext): readonly [ConfigSource, ...ConfigSource[]] => {
  const userFolder = join(home, '.ssh');
  const ofUser = { includeFolder: userFolder, isUsers: true };
  if (configFile !== undefined) return [{ ...ofUser, file: configFile, required: true, checked: false }];
  return [
    { ...ofUser, file: join(userFolder, 'config'), required: false, checked: true },
    { file: '/etc/ssh/ssh_config', includeFolder: '/etc/ssh', isUsers: false, required: false, checked: false },
  ];
};

/** A host by its name alone, for messages when its configuration was not read. */
export const unresolved = ({ name, port }: Destination, context: ConfigContext): HostPlace => ({
  name,
  hostName: name,
  port: port ?? 22,
  configFiles: [sourcesOf(context)[0].file],
});

const defaultKeys = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'].map((key) => `~/.ssh/${key}`);

type Read = ReadonlyMap<string, Setting>;

/** Expands a value; the error names the line it came from. */
const expandedBy =
  (expand: (value: string) => string) =>
  (setting: Setting | undefined, value: string): string => {
    try {
      return expand(value);
    } catch (error) {
      if (setting?.line === undefined) throw error;
      throw refuseLine(setting.line, error instanceof Error ? error.message : String(error));
    }
  };

const userOf = (destination: Destination, read: Read, tokens: Tokens, environment: Environment): string => {
  const setting = read.get('user');
  const configured = setting?.values[0];
  if (destination.user !== undefined) return destination.user;
  if (configured === undefined) return userInfo().username;
  return expandedBy((value) => expandTokens(value, tokens, environment))(setting, configured);
};

/**
 * What the operator's `ssh NAME` would use, by ssh_config(5). A name that no file knows is its own HostName.
 * Read anew each time, so that a corrected file helps the next attempt.
 * @throws QuorateError InvalidSpecification when a file cannot be used, or asks for what cannot be followed;
 *   Unreachable when a command of `Match exec` gives no answer.
 */
export const resolveHost = async (destination: Destination, context: ConfigContext): Promise<ResolvedHost> => {
  const { name } = destination;
  const { home, environment } = context;
  const sources = sourcesOf(context);
  const { settings: read, hostName, files } = await readConfig(sources, destination, context);
  const first = (key: string): string | undefined => read.get(key)?.values[0];

  const port = destination.port ?? Number(first('port') ?? '22');
  const hostKeyAlias = first('hostkeyalias')?.toLowerCase();
  const withoutUser: Tokens = {
    d: home,
    h: hostName,
    i: String(userInfo().uid),
    j: jumpHostOf(read),
    k: hostKeyAlias ?? name,
    L: hostname().split('.')[0] ?? '',
    l: hostname(),
    n: name,
    p: String(port),
    u: userInfo().username,
  };
  const user = userOf(destination, read, withoutUser, environment);
  const tokens: Tokens = { ...withoutUser, r: user };
  const expand = expandedBy((path) => expandTokens(expandTilde(path, home), tokens, environment));
  const expandHome = expandedBy((path) => expandTilde(path, home));
  const filesOf = (key: string, fallback: readonly string[], by = expand): readonly string[] => {
    const setting = read.get(key);
    const given = (setting?.values ?? fallback).filter((path) => path.toLowerCase() !== 'none');
    return given.map((path) => by(setting, path));
  };

  const agent = agentOf(read.get('identityagent'), expand, environment);
  const timeout = Number(first('connecttimeout') ?? '0');
  const silence = whyNoKeys(read);
  const proxy = proxyOf(destination, read, tokens);
  refuseUnsupported(read, proxy);
  return {
    name,
    hostName,
    hostNameConfigured: read.get('hostname')?.line !== undefined,
    port,
    user,
    identityFiles: [...new Set(filesOf('identityfile', defaultKeys))],
    identitiesConfigured: read.has('identityfile'),
    certificateFiles: [...new Set(filesOf('certificatefile', []))],
    identitiesOnly: first('identitiesonly') === 'yes',
    ...(agent === undefined ? {} : { identityAgent: agent }),
    ...(silence === undefined ? {} : { offersNoKeys: silence }),
    proxy,
    userKnownHostsFiles: filesOf('userknownhostsfile', ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
    globalKnownHostsFiles: filesOf(
      'globalknownhostsfile',
      ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
      expandHome,
    ),
    ...(hostKeyAlias === undefined ? {} : { hostKeyAlias }),
    algorithms: allowedAlgorithms(read),
    revokedKeys: revokedOf(read.get('revokedhostkeys'), expand),
    minRsaBits: Math.max(leastRsaBits, Number(first('requiredrsasize') ?? '0')),
    rekey: { bytes: Number(first('rekeylimit') ?? '0'), ms: Number(first('rekeyinterval') ?? '0') * 1000 },
    ...(timeout > 0 ? { connectTimeoutMs: timeout * 1000 } : {}),
    ...(proxy.kind === 'none' ? localEndOf(read) : {}),
    hostKeyCheckingRelaxed: ['no', 'accept-new'].includes(first('stricthostkeychecking') ?? ''),
    notFollowed: ['knownhostscommand', 'pkcs11provider']
      .filter((key) => (first(key) ?? 'none').toLowerCase() !== 'none')
      .map((key) => `${read.get(key)?.line?.keyword} of the SSH configuration is not followed`),
    configFile: sources[0].file,
    configFiles: files.length > 0 ? files : [sources[0].file],
  };
};

/** As OpenSSH has it at least. */
const leastRsaBits = 1024;

/** Settings that restrict, and are not supported: passing over them would trust more than was asked for. */
const refuseUnsupported = (read: Read, proxy: Proxy): void => {
  const checks = read.get('checkhostip');
  if (checks?.values[0] === 'yes' && checks.line !== undefined) {
    const remedy = 'set CheckHostIP no for the hosts of Quorate: it is the default since OpenSSH 8.5';
    throw refuseLine(checks.line, 'keys are not looked up by address, so the check is not made', remedy);
  }
  const passes = read.get('proxyusefdpass');
  if (proxy.kind === 'command' && passes?.values[0] === 'yes' && passes.line !== undefined) {
    const remedy = 'give a ProxyCommand that carries the connection itself, with ProxyUseFdpass no';
    throw refuseLine(passes.line, 'a connection that is handed over is not supported', remedy);
  }
};

const revokedOf = (
  setting: Setting | undefined,
  expand: (setting: Setting | undefined, path: string) => string,
): readonly KnownKey[] => {
  const path = setting?.values[0] ?? 'none';
  if (path.toLowerCase() === 'none' || setting?.line === undefined) return [];
  return readRevokedKeys(expand(setting, path), setting.line);
};

const agentOf = (
  setting: Setting | undefined,
  expand: (setting: Setting | undefined, path: string) => string,
  environment: Environment,
): string | undefined => {
  const configured = setting?.values[0];
  if (configured === undefined || configured === 'SSH_AUTH_SOCK') return environment['SSH_AUTH_SOCK'] || undefined;
  if (configured === 'none') return undefined;
  if (/^\$\w+$/.test(configured)) return environment[configured.slice(1)] || undefined;
  return expand(setting, configured);
};

const whyNoKeys = (read: Read): string | undefined => {
  if (read.get('pubkeyauthentication')?.values[0] === 'no') return 'PubkeyAuthentication is off';
  const preferred = read.get('preferredauthentications')?.values[0];
  if (preferred === undefined || preferred.split(',').includes('publickey')) return undefined;
  return `PreferredAuthentications ${preferred} leaves publickey out`;
};

/** Only of a connection that this process makes itself. */
const localEndOf = (read: Read): Pick<ResolvedHost, 'family' | 'localAddress'> => {
  const family = { inet: 4, inet6: 6 }[read.get('addressfamily')?.values[0] ?? ''] as 4 | 6 | undefined;
  const { values: [address] = [], line } = read.get('bindaddress') ?? {};
  const device = read.get('bindinterface')?.line;
  if (address === undefined && device !== undefined) {
    throw refuseLine(device, 'it is not supported', 'name the address of that interface with BindAddress');
  }
  if (address === undefined || line === undefined) return family === undefined ? {} : { family };
  const own = isIP(address);
  if (own === 4 || own === 6) return { family: own, localAddress: address };
  throw refuseLine(line, 'names are not supported here', 'give an address of this machine');
};

/** By ProxyJump, or by ProxyCommand. */
const proxyOf = (destination: Destination, read: Read, tokens: Tokens): Proxy => {
  if (destination.via !== undefined) {
    return destination.via.length === 0 ? { kind: 'none' } : { kind: 'jump', hops: destination.via };
  }
  const { h, k, n, p, r } = tokens;
  const expand = expandedBy((value) => expandTokens(value, { h, k, n, p, r }));
  const [jump, command] = [read.get('proxyjump'), read.get('proxycommand')];
  const jumps = jump?.values[0] ?? 'none';
  if (jumps.toLowerCase() !== 'none') {
    const hops = parseJumps(expand(jump, jumps));
    if (typeof hops !== 'string') return { kind: 'jump', hops };
    if (jump?.line !== undefined) throw refuseLine(jump.line, hops);
  }
  const line = command?.values[0] ?? 'none';
  return line.toLowerCase() === 'none' ? { kind: 'none' } : { kind: 'command', command: expand(command, line) };
};
