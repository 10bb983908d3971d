import { readFileSync, statSync } from 'node:fs';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { openToOthers } from '../../model/private-file.js';

export interface HttpClientOptions {
  /** Such as https://quorate.example.org; a path before /v1 is kept. */
  readonly server: string;
  readonly token?: string;
  /** PEM of the CAs to trust; default: those of Node. */
  readonly ca?: string;
  /** PEM of the client certificate and its key, for servers that ask for one. */
  readonly cert?: string;
  readonly key?: string;
  /** How long a request that changes something is repeated while nobody answers, milliseconds; default 60 000. */
  readonly patienceMs?: number;
}

/** @param secret what it holds that others must not read */
const read = (file: string, variable: string, secret?: string): string => {
  try {
    const problem = secret === undefined ? undefined : openToOthers(file, secret, statSync(file), process.getuid?.());
    if (problem !== undefined) throw problem;
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError('bad-usage', `${variable} names ${file}, which cannot be read: ${errorText(error)}`, {
      remedy: `Correct or unset ${variable}.`,
      cause: error,
    });
  }
};

const tokenOf = (env: Readonly<Record<string, string | undefined>>): string | undefined => {
  const token = env['QUORATE_TOKEN'];
  const file = env['QUORATE_TOKEN_FILE'];
  const text = token || (file ? read(file, 'QUORATE_TOKEN_FILE', 'a token') : '');
  return text.trim() === '' ? undefined : text.trim();
};

/**
 * How to reach the API server that QUORATE_SERVER names; undefined when it names none.
 *
 * Beside it: QUORATE_TOKEN or QUORATE_TOKEN_FILE, QUORATE_CA_FILE, QUORATE_CLIENT_CERT and QUORATE_CLIENT_KEY (files).
 * A token is never taken from the command line, where everybody on the machine could read it.
 *
 * @throws OperatorError (bad-usage)
 */
export const httpSettings = (env: Readonly<Record<string, string | undefined>>): HttpClientOptions | undefined => {
  const server = env['QUORATE_SERVER'];
  if (server === undefined || server === '') return undefined;
  const token = tokenOf(env);
  const files = {
    ca: env['QUORATE_CA_FILE'] && read(env['QUORATE_CA_FILE'], 'QUORATE_CA_FILE'),
    cert: env['QUORATE_CLIENT_CERT'] && read(env['QUORATE_CLIENT_CERT'], 'QUORATE_CLIENT_CERT'),
    key: env['QUORATE_CLIENT_KEY'] && read(env['QUORATE_CLIENT_KEY'], 'QUORATE_CLIENT_KEY', 'a private key'),
  };
  if ((files.cert === undefined) !== (files.key === undefined)) {
    throw new OperatorError(
      'bad-usage',
      'A client certificate needs both QUORATE_CLIENT_CERT and QUORATE_CLIENT_KEY.',
      {
        remedy: 'Set the other one too, or unset both.',
      },
    );
  }
  return {
    server,
    ...(token === undefined ? {} : { token }),
    ...(files.ca ? { ca: files.ca } : {}),
    ...(files.cert && files.key ? { cert: files.cert, key: files.key } : {}),
  };
};
