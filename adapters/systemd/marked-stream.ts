/**
 * Tells a file's content, as it arrives in chunks, from what a script prints after it:
 * everything before `<mark> ` is content. A chunk's end that may be the beginning of the separator is held back until
 * the next chunk decides; a newline is not, or the last line before a long silence would not be known to be whole.
 * @param mark from `newMark`: it cannot be in the file
 */
export const markedStream = (
  mark: string,
  onContent: (text: string) => void,
): { write: (chunk: string) => void; rest: () => string | undefined } => {
  const separator = `${mark} `;
  let held = '';
  let rest: string | undefined;

  const heldBack = (text: string): number => {
    for (let length = Math.min(separator.length - 1, text.length); length > 0; length--) {
      if (separator.startsWith(text.slice(text.length - length))) return length;
    }
    return 0;
  };

  return {
    write: (chunk) => {
      if (rest !== undefined) {
        rest += chunk;
        return;
      }
      held += chunk;
      const at = held.indexOf(separator);
      const end = at === -1 ? held.length - heldBack(held) : at;
      const content = held.slice(0, end);
      if (at !== -1) rest = held.slice(at + separator.length);
      held = held.slice(end);
      if (content !== '') onContent(content);
    },
    /** What came after the separator; undefined when it has not come. */
    rest: () => rest,
  };
};
