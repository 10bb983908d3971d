/** Values of the `%` tokens of ssh_config(5), TOKENS; a token that is absent stays as it is written. */
export type Tokens = Readonly<Partial<Record<string, string>>>;

/** Replaces `%x` by the token's value and `%%` by `%`. */
export const expandTokens = (text: string, tokens: Tokens): string =>
  text.replaceAll(/%(.)/g, (whole, letter: string) => (letter === '%' ? '%' : (tokens[letter] ?? whole)));

/** A path as ssh_config(5) has it: `~/` is the home directory, `${NAME}` a variable; tokens as above. */
export const expandPath = (
  path: string,
  tokens: Tokens,
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): string => {
  const withHome = path === '~' || path.startsWith('~/') ? home + path.slice(1) : path;
  const withVariables = withHome.replaceAll(/\$\{([^}]*)\}/g, (whole, name: string) => environment[name] ?? whole);
  return expandTokens(withVariables, tokens);
};
