// Patterns of the shell: of pathnames, `case` and the removal of prefixes and suffixes.

/** A pattern: characters that stand for themselves are escaped by a backslash. */
export type Pattern = string;

export const escapePattern = (text: string): Pattern => text.replaceAll(/[\\*?[\]!^-]/g, '\\$&');

/** Whether a pattern is one, or plain text. */
export const isPattern = (pattern: Pattern): boolean => /(^|[^\\])(\\\\)*[*?[]/.test(pattern);

export const unescapePattern = (pattern: Pattern): string => pattern.replaceAll(/\\([\s\S])/g, '$1');

const classes: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \\t\\n\\r\\f\\v',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
  xdigit: '0-9A-Fa-f',
};

/** The content of a bracket expression as JavaScript has it, and where it ends; undefined when it is not closed. */
export const bracketExpression = (
  text: string,
  start: number,
  escapes: boolean,
): { readonly source: string; readonly end: number } | undefined => {
  let at = start + 1;
  let source = '[';
  if (text[at] === '!' || text[at] === '^') {
    source += '^';
    at += 1;
  }
  for (let first = true; at < text.length; first = false) {
    const character = text[at] as string;
    if (character === ']' && !first) return { source: source === '[' ? '(?!)' : `${source}]`, end: at + 1 };
    const named = /^\[:(\w+):\]/.exec(text.slice(at));
    if (named !== null) {
      source += classes[named[1] as string] ?? '';
      at += named[0].length;
      continue;
    }
    if (character === '\\' && escapes && at + 1 < text.length) {
      source += `\\x${(text.charCodeAt(at + 1) & 0xff).toString(16).padStart(2, '0')}`;
      at += 2;
      continue;
    }
    source += character === '-' ? '-' : /[\\\]^[]/.test(character) ? `\\${character}` : character;
    at += 1;
  }
  return undefined;
};

const cache = new Map<string, RegExp>();
const mostCached = 2000;

const sourceOf = (pattern: Pattern, greedy: boolean, slash: boolean): string => {
  const any = slash ? '[\\s\\S]' : '[^/]';
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] as string;
    if (character === '\\' && at + 1 < pattern.length) {
      at += 1;
      source += (pattern[at] as string).replaceAll(/[$()*+.?[\\\]^{|}/-]/g, '\\$&');
    } else if (character === '*') source += `${any}*${greedy ? '' : '?'}`;
    else if (character === '?') source += any;
    else if (character === '[') {
      const bracket = bracketExpression(pattern, at, true);
      if (bracket === undefined) source += '\\[';
      else {
        source += bracket.source;
        at = bracket.end - 1;
      }
    } else source += character.replaceAll(/[$()*+.?[\\\]^{|}/-]/g, '\\$&');
  }
  return source;
};

const compiled = (key: string, make: () => RegExp): RegExp => {
  const known = cache.get(key);
  if (known !== undefined) return known;
  if (cache.size >= mostCached) cache.clear();
  const made = make();
  cache.set(key, made);
  return made;
};

export const matches = (pattern: Pattern, text: string): boolean =>
  compiled(`m${pattern}`, () => new RegExp(`^${sourceOf(pattern, true, true)}$`)).test(text);

/** Of a name in a folder: what begins with a dot matches only a pattern that does. */
export const matchesName = (pattern: Pattern, name: string): boolean =>
  (!name.startsWith('.') || /^\\?\./.test(pattern)) &&
  compiled(`n${pattern}`, () => new RegExp(`^${sourceOf(pattern, true, false)}$`)).test(name);

/** `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`. */
export const removeMatching = (operator: '#' | '##' | '%' | '%%', pattern: Pattern, text: string): string => {
  if (operator === '#' || operator === '##') {
    const expression = compiled(
      `${operator} ${pattern}`,
      () => new RegExp(`^${sourceOf(pattern, operator === '##', true)}`),
    );
    return text.replace(expression, '');
  }
  const expression = compiled(`m${pattern}`, () => new RegExp(`^${sourceOf(pattern, true, true)}$`));
  if (operator === '%') {
    for (let at = text.length; at >= 0; at -= 1) if (expression.test(text.slice(at))) return text.slice(0, at);
  } else {
    for (let at = 0; at <= text.length; at += 1) if (expression.test(text.slice(at))) return text.slice(0, at);
  }
  return text;
};
