import { bracketExpression } from '../shell/expansion/patterns.js';

// POSIX regular expressions, basic and extended, as JavaScript has them. Text is binary, so `.` is a byte.

const cache = new Map<string, RegExp>();
const mostCached = 2000;

const literal = (character: string): string => (/[$()*+.?[\\\]^{|}/]/.test(character) ? `\\${character}` : character);

/** Source of a JavaScript expression. `(`, `{`, `|`, `+`, `?` mean something with a backslash in basic ones, without in extended ones. */
const translate = (text: string, extended: boolean): string => {
  let source = '';
  let started = true;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    const wasStart = started;
    started = false;
    if (character === '\\') {
      at += 1;
      const next = text[at];
      if (next === undefined) return `${source}\\\\`;
      if (!extended && '(){}|+?'.includes(next)) {
        source += next;
        started = next === '(' || next === '|';
      } else if (/[1-9bBwWsS]/.test(next)) source += `\\${next}`;
      else if (next === '<' || next === '>') source += '\\b';
      else if (next === 'n') source += '\\n';
      else if (/[tr]/.test(next)) source += `\\${next}`;
      else source += literal(next);
    } else if (character === '[') {
      const bracket = bracketExpression(text, at, false);
      if (bracket === undefined) source += '\\[';
      else {
        source += bracket.source;
        at = bracket.end - 1;
      }
    } else if (extended && '(){}|+?'.includes(character)) {
      const interval = character !== '{' || /^\{\d*,?\d*\}/.test(text.slice(at));
      source += interval ? character : '\\{';
      started = character === '(' || character === '|';
    } else if (character === '*') source += wasStart ? '\\*' : '*';
    else if (character === '^') {
      source += extended || wasStart ? '^' : '\\^';
      started = true;
    } else if (character === '$') {
      const last = at === text.length - 1 || /^(\\\)|\\\||\)|\|)/.test(text.slice(at + 1));
      source += extended || last ? '$' : '\\$';
    } else if (character === '.') source += '[\\s\\S]';
    else source += literal(character);
  }
  return source;
};

/**
 * @param flags of JavaScript, such as `g` and `i`
 * @throws SyntaxError for an expression that is none
 */
export const regularExpression = (text: string, extended: boolean, flags = ''): RegExp => {
  const key = `${extended ? 'e' : 'b'}${flags} ${text}`;
  const known = cache.get(key);
  if (known !== undefined) {
    known.lastIndex = 0;
    return known;
  }
  const made = new RegExp(translate(text, extended), flags);
  if (cache.size >= mostCached) cache.clear();
  cache.set(key, made);
  return made;
};
