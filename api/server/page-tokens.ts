import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ApiProblem } from './problems/api-problem.js';
import type { TokenStore } from './tokens/token-store.js';

export interface PageTokens {
  /** The token as it is handed out. */
  readonly sign: (token: string) => string;
  /** The token that was handed out. @throws ApiProblem (bad-request) when it was not, or the key is another one by now. */
  readonly verified: (signed: string) => string;
}

/** Bytes of the signature. */
const length = 16;

/**
 * Signs the page tokens of lists: what is in one goes to the Temporal server, which answers a forged one with whatever
 * happens then. The key is in the file of tokens, so that servers that share it go on with each other's lists, also after
 * a restart; without such a file it is the process' own.
 */
export const createPageTokens = ({ secret }: TokenStore): PageTokens => {
  const ofProcess = randomBytes(32).toString('hex');
  const signatureOf = (token: string): Buffer =>
    createHmac('sha256', secret?.() ?? ofProcess)
      .update(`page token\n${token}`)
      .digest()
      .subarray(0, length);
  return {
    sign: (token) => `${token}.${signatureOf(token).toString('base64url')}`,
    verified: (signed) => {
      const [, token, signature = ''] = /^([\w-]+)\.([\w-]+)$/.exec(signed) ?? [];
      const given = Buffer.from(signature, 'base64url');
      if (token !== undefined && given.length === length && timingSafeEqual(given, signatureOf(token))) return token;
      throw new ApiProblem('bad-request', 'The page token is none that this server handed out.', {
        remedy: 'Send the nextPageToken of the page before, whole; or begin with the first page, without pageToken.',
      });
    },
  };
};
