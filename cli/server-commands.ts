import { InvalidArgumentError, Option, type Command } from 'commander';
import { defaultListen, parseListen, type ListenAddress } from '../api/server/access/exposure.js';
import { defaultLimits } from '../api/server/options.js';
import { parseAddress, parseSubnet } from '../model/network-address.js';
import { roles } from '../api/server/tokens/token.js';
import type { ServerCommandOptions } from './commands/server.js';
import type { TokenCreateOptions, TokenOptions } from './commands/token.js';
import type { Io } from './io.js';
import { count, examples, filled, logLevel, output } from './options.js';

/** Turns a command into an action: what it throws is told and becomes the exit code. */
type Run = <Args extends unknown[]>(command: (...args: Args) => Promise<number>) => (...args: Args) => Promise<void>;

export const listenAddress = (text: string): ListenAddress => {
  const address = parseListen(text);
  if (address === undefined) throw new InvalidArgumentError('It is HOST:PORT, such as 127.0.0.1:7330 or [::1]:7330.');
  return address;
};

const units = { d: 86_400_000, h: 3_600_000, m: 60_000 } as const;

const lifetime = (text: string): number => {
  const match = /^([1-9]\d{0,4})([dhm])$/.exec(text);
  if (match === null) throw new InvalidArgumentError('It is a number and d, h or m, such as 90d.');
  return Number(match[1]) * units[match[2] as keyof typeof units];
};

const several = (text: string, before: readonly string[]): string[] => [...before, filled(text)];

const tokenFile = (): Option =>
  new Option('--tokens <file>', 'file of tokens (default: ~/.config/quorate/tokens.json)').argParser(filled);

/** Also of `quorate dev --api`. */
export const withoutTokensText = 'on loopback alone: everybody on this machine may do everything';

const limit = (flags: string, description: string, value: number): Option =>
  new Option(flags, description).argParser(count).default(value);

const proxies = (text: string, before: readonly string[] = []): string[] => {
  // A subnet of everything would believe everybody.
  if (parseAddress(text) === undefined && (parseSubnet(text) === undefined || text.endsWith('/0'))) {
    throw new InvalidArgumentError('It is an IP address or a subnet, such as 10.0.0.7 or 10.0.0.0/24.');
  }
  return [...before, text];
};

/** `quorate server` and `quorate token`. */
export const addServerCommands = (
  program: Command,
  { io, version, run }: { io: Io; version: string; run: Run },
): void => {
  program
    .command('server')
    .description('serve the HTTP API for the Temporal server that TEMPORAL_ADDRESS or the Temporal profile names')
    .addOption(
      new Option('--listen <host:port>', 'where to listen; elsewhere than on loopback it needs tokens and TLS')
        .argParser(listenAddress)
        .default(defaultListen, `${defaultListen.host}:${defaultListen.port}`),
    )
    .addOption(tokenFile())
    .option('--without-tokens', withoutTokensText, false)
    .option('--tls-cert <file>', 'certificate of the server with its chain, PEM', filled)
    .option('--tls-key <file>', 'its key, PEM', filled)
    .option('--client-ca <file>', 'ask clients for a certificate that one of these authorities issued, PEM', filled)
    .option('--insecure-http', 'listen elsewhere than on loopback without TLS: a proxy before it speaks TLS', false)
    .addOption(limit('--rate-limit <count>', 'requests per second and token', defaultLimits.requestsPerSecond))
    .addOption(limit('--max-body <bytes>', 'largest body of a request', defaultLimits.bodyBytes))
    .addOption(limit('--max-connections <count>', 'open connections', defaultLimits.connections))
    .addOption(
      limit(
        '--max-connections-per-address <count>',
        'open connections from one address; requests under way of one client of a trusted proxy',
        defaultLimits.connectionsPerAddress,
      ),
    )
    .addOption(
      new Option(
        '--trusted-proxy <address>',
        'address or subnet of a proxy whose X-Forwarded-For says who asks; may be given several times (default: none)',
      ).argParser(proxies),
    )
    .addOption(
      limit(
        '--reading-rate <count>',
        'plans and readings of a status per minute and token',
        defaultLimits.readingsPerMinute,
      ),
    )
    .addOption(limit('--max-readings <count>', 'plans and readings of a status at a time', defaultLimits.readings))
    .addOption(limit('--max-readings-per-token <count>', 'of these per token', defaultLimits.readingsPerToken))
    .addOption(limit('--max-streams <count>', 'open event streams', defaultLimits.streams))
    .addOption(limit('--max-streams-per-token <count>', 'open event streams per token', defaultLimits.streamsPerToken))
    .addOption(logLevel('info'))
    .addHelpText(
      'after',
      examples(
        'quorate token create ann --role admin && quorate server',
        'quorate server --listen 0.0.0.0:7330 --tls-cert server.pem --tls-key server.key',
      ),
    )
    .action(
      run(async (options: ServerCommandOptions) => (await import('./commands/server.js')).server(io, version, options)),
    );

  const token = program.command('token').description('make, list and revoke tokens of the HTTP API');
  token
    .command('create')
    .description('make a token and print it; only its hash is kept')
    .argument('<name>', 'recorded as who asks and decides', filled)
    .addOption(
      new Option('--role <role>', 'viewer reads; operator also starts and decides; admin everything')
        .choices(roles)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--cluster <name>', 'only for this cluster; may be given several times (default: all)')
        .argParser(several)
        .default([], 'all'),
    )
    .addOption(
      new Option('--expires <time>', 'how long it holds, such as 90d, 12h (default: until it is revoked)').argParser(
        lifetime,
      ),
    )
    .addOption(tokenFile())
    .addOption(output())
    .addHelpText(
      'after',
      examples(
        'quorate token create ann --role admin',
        'quorate token create ci --role operator --cluster prod --expires 90d',
      ),
    )
    .action(
      run(async (name: string, options: TokenCreateOptions) =>
        (await import('./commands/token.js')).create(io, name, options),
      ),
    );
  token
    .command('list')
    .description('names, roles, clusters and times of the tokens')
    .addOption(tokenFile())
    .addOption(output())
    .action(run(async (options: TokenOptions) => (await import('./commands/token.js')).list(io, options)));
  token
    .command('revoke')
    .description('forget a token; running servers refuse it from then on')
    .argument('<name>', 'its name', filled)
    .addOption(tokenFile())
    .addOption(output())
    .action(
      run(async (name: string, options: TokenOptions) =>
        (await import('./commands/token.js')).revoke(io, name, options),
      ),
    );
};
