import { regularExpression } from '../regular-expressions.js';

const meant: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v' };

/** In awk a backslash escapes within brackets as well, where grep and sed take it for itself. */
const withoutEscapesInBrackets = (text: string): string =>
  text.replaceAll(/\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:\w+:\]|[^\]\\])*\]/g, (part) =>
    part.startsWith('[') ? part.replaceAll(/\\([^\]])/g, (_, letter: string) => meant[letter] ?? letter) : part,
  );

/** An expression as awk reads it. @throws SyntaxError for one that is none */
export const awkExpression = (text: string, flags = ''): RegExp =>
  regularExpression(withoutEscapesInBrackets(text), true, flags);
