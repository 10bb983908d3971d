import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { OperatorError, errorText } from '../../../model/failures/operator-error.js';
import { openToOthers } from '../../../model/private-file.js';
import { withFileLock } from './file-lock.js';
import { TokenRecord } from './token.js';

const TokenFile = z.strictObject({
  version: z.literal(1),
  tokens: z.array(TokenRecord),
  /** Random, made with the file: what servers that share it sign. Absent in a file of an earlier version until it is changed. */
  secret: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not 32 bytes in hex')
    .optional(),
});
type TokenFile = z.infer<typeof TokenFile>;

/** `$XDG_CONFIG_HOME/quorate/tokens.json`, default `~/.config/quorate/tokens.json`. */
export const defaultTokenFile = (env: Readonly<Record<string, string | undefined>>): string => {
  const folder = env['XDG_CONFIG_HOME'];
  // The XDG specification says to ignore a relative path.
  const root = folder?.startsWith('/') === true ? folder : join(env['HOME'] ?? homedir(), '.config');
  return join(root, 'quorate', 'tokens.json');
};

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

/**
 * Reads the tokens that a file holds, and its secret.
 *
 * @returns undefined when there is no such file.
 * @throws OperatorError (bad-usage) when others may read or write it, or when it is not what `quorate token` writes.
 */
export const readTokenFile = (file: string): Pick<TokenFile, 'tokens' | 'secret'> | undefined => {
  let text: string;
  try {
    // `quorate token` writes it, for nobody else whoever its owner is.
    const problem = openToOthers(file, 'the tokens', statSync(file), process.getuid?.(), 0o077);
    if (problem !== undefined) throw problem;
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new OperatorError('bad-usage', `The tokens in ${file} cannot be read: ${errorText(error)}`, {
      remedy: 'Make it readable for the user that runs this, or name another file with --tokens.',
      cause: error,
    });
  }
  try {
    return TokenFile.parse(JSON.parse(text));
  } catch (error) {
    const evidence =
      error instanceof z.ZodError
        ? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
        : [errorText(error)];
    throw new OperatorError('bad-usage', `${file} is no file of tokens.`, {
      evidence,
      remedy: 'Mend it, or move it away and make the tokens again with `quorate token create`.',
      cause: error,
    });
  }
};

/** Reads the tokens that a file holds; as `readTokenFile`. */
export const readTokens = (file: string): readonly TokenRecord[] | undefined => readTokenFile(file)?.tokens;

/** Replaces a file atomically: readers see the old content or the new one, also after a power cut. */
const replaceFile = (file: string, text: string): void => {
  const beside = `${file}.${process.pid}`;
  const handle = openSync(beside, 'w', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

/** A link to the file stays a link. */
const target = (file: string): string => {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
};

/**
 * Changes the tokens of a file; it is made when it is not there. Changes at the same time follow one another.
 *
 * @throws OperatorError as `readTokens`, (failed) when it cannot be written, and what `change` throws.
 */
export const changeTokens = async (
  file: string,
  change: (tokens: readonly TokenRecord[]) => readonly TokenRecord[],
): Promise<void> => {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const real = target(file);
    await withFileLock(`${real}.lock`, () => {
      const before = readTokenFile(real);
      const after: TokenFile = {
        version: 1,
        tokens: [...change(before?.tokens ?? [])],
        secret: before?.secret ?? randomBytes(32).toString('hex'),
      };
      replaceFile(real, `${JSON.stringify(after, undefined, 2)}\n`);
    });
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError('failed', `The tokens in ${file} cannot be changed: ${errorText(error)}`, {
      remedy: 'Make its folder writable for you, or name another file with --tokens.',
      cause: error,
    });
  }
};
