import { userInfo } from 'node:os';
import { resolveHost, type ConfigContext, type ResolvedHost } from '../../../../adapters/ssh/config/client-config.js';
import { QuorateError } from '../../../../model/failures/failure.js';
import type { Printed } from './ssh-g.js';

/** What Quorate and `ssh -G` are compared by: texts by keyword, or that the configuration is refused. */
export type Summary = Readonly<Record<string, string | undefined>> | 'refused';

const home = userInfo().homedir;
const tilde = (path: string): string => path.replace(/^~(?=\/|$)/, home);

interface Hop {
  readonly name: string;
  readonly user?: string;
  readonly port?: number;
}

const hopText = ({ name, user, port }: Hop): string =>
  `${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : `:${port}`}`;

/** Hops as `ssh -G` prints them: the last one taken apart, those before it as they were written. */
const printedHops = (text: string | undefined): string | undefined =>
  text
    ?.split(',')
    .map((hop) =>
      hop
        .trim()
        .replace(/^ssh:\/\//, '')
        .replace(/\/$/, '')
        .replace(/\[(.*)\]/, '$1')
        .replaceAll(/["']/g, ''),
    )
    .join(',');

/** `ssh -G` leaves the tokens of some values as they are. */
const expanded =
  (host: ResolvedHost, environment: Record<string, string>) =>
  (text: string): string => {
    const tokens: Record<string, string> = {
      '%': '%',
      d: home,
      h: host.hostName,
      n: host.name,
      p: String(host.port),
      r: host.user,
      u: userInfo().username,
    };
    return text
      .replaceAll(/%(.)/g, (whole, letter: string) => tokens[letter] ?? whole)
      .replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => environment[name] ?? whole);
  };

/** Both sides for one host. */
export const bothSides = async (
  printed: Printed,
  name: string,
  context: ConfigContext & { readonly environment: Record<string, string> },
): Promise<{ mine: Summary; real: Summary; error?: QuorateError }> => {
  let host: ResolvedHost;
  try {
    host = await resolveHost({ name }, context);
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    return {
      mine: 'refused',
      real: printed.refusal === undefined ? summaryOf(printed, undefined, context.environment) : 'refused',
      error,
    };
  }
  const { environment } = context;
  const mine: Summary = {
    hostname: host.hostName,
    user: host.user,
    port: String(host.port),
    identityfile: host.identityFiles.join(' '),
    certificatefile: host.certificateFiles.join(' '),
    identitiesonly: host.identitiesOnly ? 'yes' : 'no',
    // Without IdentityAgent ssh takes the one of the environment.
    identityagent: host.identityAgent,
    proxyjump: host.proxy.kind === 'jump' ? host.proxy.hops.map(hopText).join(',') : undefined,
    proxycommand: host.proxy.kind === 'command' ? host.proxy.command : undefined,
    userknownhostsfile: host.userKnownHostsFiles.join(' '),
    globalknownhostsfile: host.globalKnownHostsFiles.join(' '),
    hostkeyalias: host.hostKeyAlias,
    connecttimeout: host.connectTimeoutMs === undefined ? 'none' : String(host.connectTimeoutMs / 1000),
    stricthostkeychecking: host.hostKeyCheckingRelaxed ? 'relaxed' : 'strict',
    keys: host.offersNoKeys === undefined ? 'offered' : 'not offered',
    addressfamily: host.localAddress === undefined ? String(host.family ?? 'any') : 'any',
    bindaddress: host.localAddress,
    rekeylimit: `${host.rekey.bytes} ${host.rekey.ms / 1000}`,
  };
  return { mine, real: printed.refusal === undefined ? summaryOf(printed, host, environment) : 'refused' };
};

const summaryOf = (
  { values }: Printed,
  host: ResolvedHost | undefined,
  environment: Record<string, string>,
): Summary => {
  const first = (key: string): string | undefined => values.get(key)?.[0];
  const expand = host === undefined ? (text: string) => text : expanded(host, environment);
  const isProxied = values.has('proxyjump') || values.has('proxycommand');
  const files = (key: string, by: (text: string) => string): string => {
    const given = (values.get(key) ?? [])
      .filter((path) => path.toLowerCase() !== 'none')
      // Default keys of kinds that Quorate does not know.
      .filter((path) => !/^~\/\.ssh\/id_(xmss|dsa|mldsa\w+)$/.test(path));
    return [...new Set(given.map((path) => by(tilde(path))))].join(' ');
  };
  const list = (key: string): string =>
    (first(key) ?? '')
      .split(' ')
      .filter((path) => path.toLowerCase() !== 'none')
      .map(tilde)
      .join(' ');
  const agent = first('identityagent') ?? 'SSH_AUTH_SOCK';
  const preferred = first('preferredauthentications');
  return {
    hostname: first('hostname'),
    user: first('user'),
    port: first('port'),
    identityfile: files('identityfile', expand),
    certificatefile: files('certificatefile', expand),
    identitiesonly: first('identitiesonly'),
    identityagent:
      agent === 'none'
        ? undefined
        : agent === 'SSH_AUTH_SOCK'
          ? environment['SSH_AUTH_SOCK']
          : /^\$\w+$/.test(agent)
            ? environment[agent.slice(1)]
            : agent,
    proxyjump: printedHops(first('proxyjump')),
    proxycommand: first('proxycommand') === undefined ? undefined : expand(first('proxycommand') ?? ''),
    userknownhostsfile: list('userknownhostsfile'),
    globalknownhostsfile: list('globalknownhostsfile'),
    hostkeyalias: first('hostkeyalias'),
    connecttimeout: first('connecttimeout') === '0' ? 'none' : first('connecttimeout'),
    stricthostkeychecking: ['false', 'no', 'off', 'accept-new'].includes(first('stricthostkeychecking') ?? '')
      ? 'relaxed'
      : 'strict',
    keys:
      ['no', 'false'].includes(first('pubkeyauthentication') ?? '') ||
      (preferred !== undefined && !preferred.split(',').includes('publickey'))
        ? 'not offered'
        : 'offered',
    addressfamily:
      isProxied || values.has('bindaddress')
        ? 'any'
        : { any: 'any', inet: '4', inet6: '6' }[first('addressfamily') ?? 'any'],
    bindaddress: isProxied ? undefined : first('bindaddress'),
    rekeylimit: first('rekeylimit'),
  };
};
