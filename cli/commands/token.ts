import { createToken, revokeToken } from '../../api/server/tokens/manage.js';
import { defaultTokenFile, readTokens } from '../../api/server/tokens/token-file.js';
import { hasExpired, type Role, type TokenRecord } from '../../api/server/tokens/token.js';
import { exitCodes } from '../exit-codes.js';
import { table } from '../format/text.js';
import { mayGoOn, unlessInterrupted } from '../interrupt.js';
import type { Io } from '../io.js';

export interface TokenOptions {
  /** File of tokens. */
  readonly tokens?: string;
  readonly output: 'text' | 'json';
}

export interface TokenCreateOptions extends TokenOptions {
  readonly role: Role;
  readonly cluster: readonly string[];
  /** Milliseconds. */
  readonly expires?: number;
}

const fileOf = (io: Io, { tokens }: TokenOptions): string => tokens ?? defaultTokenFile(io.env);

const reachText = ({ clusters }: TokenRecord): string => (clusters === 'all' ? 'all' : clusters.join(' '));

/** Everything but the hash, which is of use to nobody. */
const shown = ({ name, role, clusters, created, expires }: TokenRecord) => ({ name, role, clusters, created, expires });

/** Another command that holds the file may let this one wait. */
const unlessEnded = <Result>({ signal }: Io, work: () => Promise<Result>, what: string): Promise<Result> =>
  unlessInterrupted(signal, work()).catch(mayGoOn(what, 'see it: quorate token list'));

/** Makes a token and prints it: the only time that anybody sees it. */
export const create = async (io: Io, name: string, options: TokenCreateOptions): Promise<number> => {
  const { role, cluster: clusters, expires, output } = options;
  const file = fileOf(io, options);
  const request = { name, role, clusters, ...(expires === undefined ? {} : { expiresInMs: expires }) };
  const make = () => createToken(file, request);
  const { token, record } = await unlessEnded(io, make, `If ${name} was made, nobody has its token: revoke it.`);
  if (output === 'json') {
    io.out(`${JSON.stringify({ token, ...shown(record) }, undefined, 2)}\n`);
    return exitCodes.done;
  }
  io.out(`${token}\n`);
  io.err(
    `${name}: ${role}, clusters: ${reachText(record)}, ${record.expires === undefined ? 'holds until it is revoked' : `expires ${record.expires}`}. ` +
      `Keep the token now: ${file} has its hash only.\n`,
  );
  return exitCodes.done;
};

export const list = async (io: Io, options: TokenOptions): Promise<number> => {
  const tokens = readTokens(fileOf(io, options)) ?? [];
  if (options.output === 'json') {
    io.out(`${JSON.stringify({ tokens: tokens.map(shown) }, undefined, 2)}\n`);
    return exitCodes.done;
  }
  if (tokens.length === 0) {
    io.err(`No tokens in ${fileOf(io, options)}.\n`);
    return exitCodes.done;
  }
  const now = Date.now();
  io.out(
    table([
      ['NAME', 'ROLE', 'CLUSTERS', 'CREATED', 'EXPIRES'],
      ...tokens.map((token) => {
        const { name, role, created, expires = 'never' } = token;
        return [name, role, reachText(token), created, hasExpired(token, now) ? `${expires} (expired)` : expires];
      }),
    ]),
  );
  return exitCodes.done;
};

export const revoke = async (io: Io, name: string, options: TokenOptions): Promise<number> => {
  await unlessEnded(io, () => revokeToken(fileOf(io, options), name), `${name} may be revoked.`);
  if (options.output === 'json') io.out(`${JSON.stringify({ name, revoked: true }, undefined, 2)}\n`);
  else io.out(`${name} is revoked; servers refuse it from now on\n`);
  return exitCodes.done;
};
