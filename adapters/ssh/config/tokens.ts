import { readFileSync } from 'node:fs';

/** Values of the `%` tokens of ssh_config(5), TOKENS. */
export type Tokens = Readonly<Partial<Record<string, string>>>;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Replaces `%x` by the token's value and `%%` by `%`; with an environment `${NAME}` too.
 * @throws Error for a token that the option does not take, and for a variable that is not set, as OpenSSH does.
 */
export const expandTokens = (text: string, tokens: Tokens, environment?: Environment): string =>
  text.replaceAll(/\$\{([^}]*)\}|\$\{|%(.?)/gs, (whole, name: string | undefined, letter: string | undefined) => {
    if (letter === undefined) {
      if (environment === undefined) return whole;
      const value = name === undefined ? undefined : environment[name];
      if (value === undefined) throw new Error(`the environment variable ${whole} is not set`);
      return value;
    }
    if (letter === '%') return '%';
    const value = tokens[letter];
    if (value === undefined) throw new Error(`${whole} is not expanded here`);
    return value;
  });

const homeOf = (user: string): string => {
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  if (entry?.[5] === undefined) throw new Error(`the home directory of ${user} is not in /etc/passwd`);
  return entry[5];
};

/**
 * `~` and `~/PATH` are of the home directory, `~USER` of another's.
 * @throws Error when that one is not known.
 */
export const expandTilde = (path: string, home: string): string => {
  const [, user, rest = ''] = /^~([^/]*)(?:\/+(.*))?$/s.exec(path) ?? [];
  if (user === undefined) return path;
  const folder = user === '' ? home : homeOf(user);
  return `${folder.endsWith('/') ? folder : `${folder}/`}${rest}`;
};
