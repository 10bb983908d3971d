import { lstatSync, readdirSync } from 'node:fs';

const classes: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: 'A-Fa-f0-9',
};

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|\-/]/g, String.raw`\$&`);

/** One part of a pattern, taken apart. */
interface Part {
  /** The name it means when it is no pattern. */
  readonly plain: string;
  readonly expression?: RegExp;
}

/** `[...]` at the beginning, where `!` after the bracket negates: as an expression, and its length. */
const setAt = (text: string): { expression: string; length: number } | undefined => {
  const negates = text[1] === '!';
  let at = negates ? 2 : 1;
  let inside = '';
  const member = (): string => {
    if (text[at] === '\\' && at + 1 < text.length) at++;
    return text[at++] ?? '';
  };
  do {
    const [whole, name = ''] = /^\[:([a-z]+):\]/.exec(text.slice(at)) ?? [];
    if (whole !== undefined) {
      // Nothing is a member of a class that does not exist.
      inside += classes[name] ?? '';
      at += whole.length;
      continue;
    }
    const from = member();
    const isRange = text[at] === '-' && text[at + 1] !== ']' && at + 1 < text.length;
    if (isRange) at++;
    const to = isRange ? member() : from;
    if (from <= to) inside += `${literal(from)}-${literal(to)}`;
  } while (at < text.length && text[at] !== ']');
  if (text[at] !== ']') return undefined;
  const none = negates ? '.' : '(?!)';
  return { expression: inside === '' ? none : `[${negates ? '^' : ''}${inside}]`, length: at + 1 };
};

const parsePart = (text: string): Part => {
  let plain = '';
  let expression = '';
  let isPattern = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string;
    const set = letter === '[' ? setAt(text.slice(at)) : undefined;
    if (set !== undefined) {
      expression += set.expression;
      at += set.length - 1;
      isPattern = true;
    } else if (letter === '*' || letter === '?') {
      expression += letter === '*' ? '.*' : '.';
      isPattern = true;
    } else {
      const meant = letter === '\\' && at + 1 < text.length ? (text[++at] as string) : letter;
      plain += meant;
      expression += literal(meant);
    }
  }
  return isPattern ? { plain: text, expression: new RegExp(`^${expression}$`, 's') } : { plain };
};

const names = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder === '' ? '/' : folder);
  } catch {
    return [];
  }
};

const exists = (path: string): boolean => {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
};

/**
 * What an absolute path with `*`, `?`, `[...]` and backslashes names, as the glob(3) that OpenSSH brings along: sorted by
 * bytes; hidden names only for a part that begins with a dot; links that lead nowhere are there.
 */
export const expandGlob = (pattern: string): readonly string[] => {
  let found = [''];
  for (const text of pattern.split('/').filter((part) => part !== '')) {
    const { plain, expression } = parsePart(text);
    found = found.flatMap((folder) => {
      if (expression === undefined) return [`${folder}/${plain}`];
      return names(folder)
        .filter((name) => expression.test(name) && (text.startsWith('.') || !name.startsWith('.')))
        .map((name) => `${folder}/${name}`);
    });
  }
  return found.filter(exists).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
};
