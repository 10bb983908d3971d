import { statSync } from 'node:fs';
import { errorText } from '../../../model/failures/operator-error.js';
import { readTokenFile } from './token-file.js';
import { findToken, hasExpired, type TokenRecord } from './token.js';

type Presented =
  | { readonly kind: 'known'; readonly record: TokenRecord }
  | { readonly kind: 'expired'; readonly record: TokenRecord }
  | { readonly kind: 'unknown' };

/** The tokens of a running server: a change of the file takes effect with the next request. */
export interface TokenStore {
  /** Whether requests need a token. Once they did they always do, also when the last one is revoked. */
  readonly needed: () => boolean;
  readonly find: (token: string) => Presented;
  /** Known to all servers that share the file, and to nobody else; undefined where there is none. */
  readonly secret?: () => string | undefined;
}

/** Changes whenever the file is replaced or written; `absent` when there is none. */
const signatureOf = (file: string): string => {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(file);
    return [ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return 'absent';
  }
};

/**
 * Follows a token file. When it is gone, no token is valid; when it cannot be parsed, `onProblem` is told and the tokens
 * read before stay valid.
 *
 * @throws OperatorError as `readTokens` when it cannot be understood at first.
 */
export const openTokenStore = (file: string, onProblem: (problem: string) => void): TokenStore => {
  let signature = signatureOf(file);
  const first = readTokenFile(file);
  let tokens = first?.tokens ?? [];
  let secret = first?.secret;
  let needed = tokens.length > 0;
  const refresh = (): void => {
    const now = signatureOf(file);
    if (now === signature) return;
    signature = now;
    try {
      const read = readTokenFile(file);
      tokens = read?.tokens ?? [];
      secret = read?.secret;
      needed ||= tokens.length > 0;
    } catch (error) {
      onProblem(errorText(error));
    }
  };
  return {
    secret: () => {
      refresh();
      return secret;
    },
    needed: () => {
      refresh();
      return needed;
    },
    find: (token) => {
      refresh();
      const record = findToken(tokens, token);
      if (record === undefined) return { kind: 'unknown' };
      return { kind: hasExpired(record, Date.now()) ? 'expired' : 'known', record };
    },
  };
};
