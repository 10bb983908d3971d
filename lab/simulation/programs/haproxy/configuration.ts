export interface ServerDefinition {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly disabled: boolean;
  readonly check: boolean;
}

export interface BackendDefinition {
  readonly name: string;
  readonly servers: readonly ServerDefinition[];
  /** Path of the HTTP check; absent: the connection is all that is checked. */
  readonly checkPath?: string;
  readonly interMs: number;
  /** How states of its servers are found when a process begins. */
  readonly loadsState: boolean;
}

interface FrontendDefinition {
  readonly name: string;
  readonly ports: readonly number[];
  readonly backend: string;
}

export interface HaproxyConfiguration {
  readonly description: string;
  readonly socket?: string;
  /** `server-state-file`. */
  readonly stateFile?: string;
  /** `max-spread-checks`: first checks are at most so far apart. */
  readonly spreadMs?: number;
  readonly frontends: readonly FrontendDefinition[];
  readonly backends: readonly BackendDefinition[];
}

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(
    message: string,
    /** What it warns of besides. */
    readonly warnings: readonly string[] = [],
  ) {
    super(message);
  }
}

const noTimeouts = (frontend: string): string =>
  [
    `config : missing timeouts for frontend '${frontend}'.`,
    '   | While not properly invalid, you will certainly encounter various problems',
    '   | with such a configuration. To fix this, please ensure that all following',
    "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
  ].join('\n');

const keywords = new Set(
  'global defaults frontend backend listen description log chroot user group stats hard-stop-after mode option retries timeout bind default_backend balance http-check default-server server maxconn daemon errorfile ca-base crt-base ssl-default-bind-ciphers ssl-default-bind-ciphersuites ssl-default-bind-options server-state-file load-server-state-from-file max-spread-checks'.split(
    ' ',
  ),
);

const milliseconds = (text: string | undefined): number | undefined => {
  const [, number, unit = 'ms'] = /^(\d+)(ms|s|m|h)?$/.exec(text ?? '') ?? [];
  return number === undefined ? undefined : Number(number) * ({ ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit] ?? 1);
};

const valueAfter = (words: readonly string[], word: string): string | undefined => {
  const at = words.indexOf(word);
  return at === -1 ? undefined : words[at + 1];
};

const portOf = (place: string): number => Number(/:(\d+)$/.exec(place)?.[1] ?? 0);

/** Reads a configuration file. @throws ConfigurationError with HAProxy's words for the first thing that is wrong */
export const parseConfiguration = (text: string, path: string): HaproxyConfiguration => {
  const frontends: FrontendDefinition[] = [];
  const backends: BackendDefinition[] = [];
  let section = '';
  let name = '';
  let description = '';
  let socket: string | undefined;
  let stateFile: string | undefined;
  let spreadMs: number | undefined;
  let loadsByDefault = false;
  let loads: boolean | undefined;
  let ports: number[] = [];
  let target = '';
  let servers: ServerDefinition[] = [];
  let checkPath: string | undefined;
  let defaults: readonly string[] = [];
  const finish = (): void => {
    if (section === 'frontend' || section === 'listen')
      frontends.push({ name, ports, backend: section === 'listen' ? name : target });
    if (section === 'backend' || section === 'listen') {
      const interMs = milliseconds(valueAfter(defaults, 'inter')) ?? 2_000;
      backends.push({
        name,
        servers,
        interMs,
        loadsState: loads ?? loadsByDefault,
        ...(checkPath === undefined ? {} : { checkPath }),
      });
    }
    ports = [];
    target = '';
    servers = [];
    checkPath = undefined;
    defaults = [];
    loads = undefined;
  };
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*$/, '').trim().split(/\s+/);
    const [keyword = '', first = '', ...rest] = words;
    if (keyword === '') continue;
    if (!keywords.has(keyword))
      throw new ConfigurationError(
        `config : parsing [${path}:${index + 1}] : unknown keyword '${keyword}' in '${section}' section`,
      );
    if (['global', 'defaults', 'frontend', 'backend', 'listen'].includes(keyword)) {
      finish();
      section = keyword;
      name = first;
    } else if (keyword === 'description') description = [first, ...rest].join(' ');
    else if (keyword === 'stats' && first === 'socket') [socket] = rest;
    else if (keyword === 'server-state-file') stateFile = first;
    else if (keyword === 'max-spread-checks') spreadMs = milliseconds(first);
    else if (keyword === 'load-server-state-from-file') {
      if (section === 'defaults') loadsByDefault = first === 'global';
      else loads = first === 'global';
    } else if (keyword === 'bind') ports.push(...first.split(',').map(portOf));
    else if (keyword === 'default_backend') target = first;
    else if (keyword === 'option' && first === 'httpchk') checkPath = rest[1] ?? rest[0] ?? '/';
    else if (keyword === 'default-server') defaults = [first, ...rest];
    else if (keyword === 'server') {
      const [place = '', ...options] = rest;
      const address = place.replace(/:\d+$/, '').replaceAll(/[[\]]/g, '');
      if (portOf(place) === 0 || address === '')
        throw new ConfigurationError(
          `config : parsing [${path}:${index + 1}] : 'server ${first}' : invalid address: '${place}'`,
        );
      servers.push({
        name: first,
        address,
        port: portOf(place),
        disabled: options.includes('disabled'),
        check: options.includes('check') || defaults.includes('check'),
      });
    }
  }
  finish();
  for (const { name: frontend, backend } of frontends)
    if (!backends.some((one) => one.name === backend))
      throw new ConfigurationError(
        `config : Proxy '${frontend}': unable to find required default_backend: '${backend}'.`,
        /^\s*timeout client /m.test(text) ? [] : [noTimeouts(frontend)],
      );
  return {
    description,
    frontends,
    backends,
    ...(socket === undefined ? {} : { socket }),
    ...(stateFile === undefined ? {} : { stateFile }),
    ...(spreadMs === undefined ? {} : { spreadMs }),
  };
};
