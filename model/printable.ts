/**
 * Characters that are not seen, or change how others are: controls (also of terminals), formats such as the turning of the
 * direction of writing, separators of lines, halves of a pair.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const unprintableAll = new RegExp(unprintable, 'gu');

const codeOf = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');

/** The first such character of a text, as `U+001B`; undefined when all can be seen. */
export const firstUnprintable = (text: string): string | undefined => {
  const [found] = unprintable.exec(text) ?? [];
  return found === undefined ? undefined : `U+${codeOf(found)}`;
};

/**
 * The text with every such character escaped (`\x1b`, `\u202e`), so that it can be shown: what comes from outside never
 * reaches a terminal or a log in another form.
 * @param keeps characters that stay as they are; default none
 */
export const printable = (text: string, keeps = ''): string =>
  text.replaceAll(unprintableAll, (character) => {
    if (keeps.includes(character)) return character;
    const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    const code = codeOf(character).toLowerCase();
    if (known !== undefined) return known;
    if (code.length > 4) return `\\u{${code}}`;
    return code.startsWith('00') ? `\\x${code.slice(2)}` : `\\u${code}`;
  });
