export interface Token {
  readonly kind: 'number' | 'string' | 'expression' | 'name' | 'function' | 'word' | 'symbol' | 'newline' | 'end';
  readonly text: string;
  /** A blank or nothing before it: `f (x)` is no call of f. */
  readonly spaced: boolean;
}

export class AwkSyntaxError extends Error {
  override readonly name = 'AwkSyntaxError';
}

const words = new Set(
  'BEGIN END function func if else while for do break continue next exit return delete in getline print printf'.split(
    ' ',
  ),
);

const symbols =
  '&& || ++ -- += -= *= /= %= ^= ** == <= >= != !~ >> { } ( ) [ ] ; , + - * / % ^ ! > < | ? : ~ $ ='.split(' ');

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

/** A string of awk without its quotes; backslashes that mean nothing in a string stay for a regular expression. */
const unquote = (text: string): string =>
  text.replaceAll(/\\([0-7]{1,3}|[\s\S])/g, (_, escaped: string) => {
    if (/^[0-7]/.test(escaped)) return String.fromCharCode(parseInt(escaped, 8));
    if (escaped === '\n') return '';
    return escapes[escaped] ?? (/["\\/]/.test(escaped) ? escaped : `\\${escaped}`);
  });

/** After these a slash divides. */
const endsOperand = (token: Token | undefined): boolean =>
  token !== undefined &&
  (['number', 'string', 'expression', 'name'].includes(token.kind) ||
    (token.kind === 'symbol' && [')', ']', '$', '++', '--'].includes(token.text)));

/** @throws AwkSyntaxError */
export const tokenize = (program: string): Token[] => {
  const tokens: Token[] = [];
  let at = 0;
  let spaced = true;
  const add = (kind: Token['kind'], text: string): void => {
    tokens.push({ kind, text, spaced });
    spaced = false;
  };
  while (at < program.length) {
    const rest = program.slice(at, at + 400);
    const blank = /^(?:[ \t\r]|\\\n|#[^\n]*)+/.exec(rest);
    if (blank !== null) {
      at += blank[0].length;
      spaced = true;
      continue;
    }
    const character = program[at] as string;
    if (character === '\n') {
      add('newline', '\n');
      at += 1;
      continue;
    }
    if (character === '"') {
      let end = at + 1;
      while (end < program.length && program[end] !== '"') end += program[end] === '\\' ? 2 : 1;
      add('string', unquote(program.slice(at + 1, end)));
      at = end + 1;
      continue;
    }
    if (character === '/' && !endsOperand(tokens.at(-1))) {
      let end = at + 1;
      let inside = false;
      for (; end < program.length && (inside || program[end] !== '/'); end += 1) {
        if (program[end] === '\\') end += 1;
        else if (!inside && program[end] === '[') {
          inside = true;
          // A bracket right after the first one stands for itself.
          if (program[end + 1] === '^') end += 1;
          if (program[end + 1] === ']') end += 1;
        } else if (program[end] === ']') inside = false;
      }
      add('expression', program.slice(at + 1, end).replaceAll('\\/', '/'));
      at = end + 1;
      continue;
    }
    const number = /^(0[xX][0-9a-fA-F]+|\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)/.exec(rest);
    if (number !== null) {
      add('number', number[0]);
      at += number[0].length;
      continue;
    }
    const name = /^[A-Za-z_]\w*/.exec(program.slice(at));
    if (name !== null) {
      at += name[0].length;
      if (words.has(name[0])) add('word', name[0]);
      else add(program[at] === '(' ? 'function' : 'name', name[0]);
      continue;
    }
    const symbol = symbols.find((one) => rest.startsWith(one));
    if (symbol === undefined) throw new AwkSyntaxError(`unexpected ${character}`);
    add('symbol', symbol === '**' ? '^' : symbol);
    at += symbol.length;
  }
  add('newline', '\n');
  add('end', '');
  return tokens;
};
