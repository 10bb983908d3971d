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

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * The text with every such character escaped as in JSON (`\u001b`), so that what comes from outside reaches no terminal and
 * no log in another form, and text that is JSON stays it.
 * @param keeps characters that stay as they are, such as `\n` where lines are written; default none
 */
export const printable = (text: string, keeps = ''): string =>
  text.replaceAll(unprintableAll, (character) =>
    keeps.includes(character)
      ? character
      : (short[character] ??
        Array.from({ length: character.length }, (_, index) =>
          character.charCodeAt(index).toString(16).padStart(4, '0'),
        )
          .map((code) => `\\u${code}`)
          .join('')),
  );
