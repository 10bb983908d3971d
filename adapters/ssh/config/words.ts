/** How OpenSSH takes a line of a configuration apart (strdelim and argv_split in misc.c). */

export interface Cut {
  readonly word: string;
  /** What follows the word; absent at the end of the line. */
  readonly rest: string | undefined;
}

const blank = ' \t\r\n';

const skipBlanks = (text: string, from: number): string => {
  let at = from;
  while (at < text.length && blank.includes(text[at] as string)) at++;
  return text.slice(at);
};

/**
 * Cuts the first word off: at blanks or one `=`; double quotes hold it together. Undefined for a quote without its
 * second.
 */
export const cutWord = (text: string): Cut | undefined => {
  const end = text.search(/[ \t\r\n"=]/);
  if (end === -1) return { word: text, rest: undefined };
  if (text[end] === '"') {
    const close = text.indexOf('"', end + 1);
    if (close === -1) return undefined;
    return { word: text.slice(0, end) + text.slice(end + 1, close), rest: skipBlanks(text, close + 1) };
  }
  const rest = skipBlanks(text, end + 1);
  const skipsEquals = text[end] !== '=' && rest.startsWith('=');
  return { word: text.slice(0, end), rest: skipsEquals ? skipBlanks(rest, 1) : rest };
};

const isEscape = (quote: string, next: string | undefined): boolean =>
  next === "'" || next === '"' || next === '\\' || (quote === '' && next === ' ');

/**
 * All words: single and double quotes hold blanks, a backslash stands before a quote, a backslash or a blank, and `#`
 * begins a comment only at the beginning of a word. Undefined for a quote without its second.
 */
export const splitWords = (text: string): readonly string[] | undefined => {
  const words: string[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === ' ' || text[at] === '\t') continue;
    if (text[at] === '#') break;
    let word = '';
    let quote = '';
    for (; at < text.length; at++) {
      const letter = text[at] as string;
      if (letter === '\\') {
        if (isEscape(quote, text[at + 1])) at++;
        word += text[at];
      } else if (quote === '' && (letter === ' ' || letter === '\t')) {
        break;
      } else if (quote === '' && (letter === '"' || letter === "'")) {
        quote = letter;
      } else if (letter === quote) {
        quote = '';
      } else {
        word += letter;
      }
    }
    if (quote !== '') return undefined;
    words.push(word);
  }
  return words;
};
