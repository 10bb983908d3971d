const compiled = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replaceAll(/[\\^$.+()[\]{}|]/g, String.raw`\$&`)
      .replaceAll(/\*+/g, '.*')
      .replaceAll('?', '.')}$`,
    's',
  );

/** OpenSSH's pattern: `*` is any text, `?` any one character. */
const matchesPattern = (pattern: string, text: string): boolean =>
  /[*?]/.test(pattern) ? compiled(pattern).test(text) : pattern === text;

/** OpenSSH's pattern list: one pattern must match, and none that begins with `!`. */
export const matchesPatternList = (patterns: readonly string[], text: string): boolean => {
  if (patterns.some((pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), text))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && matchesPattern(pattern, text));
};
