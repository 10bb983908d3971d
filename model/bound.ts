/** Bytes that one character takes in UTF-8 inside a JSON string, without the quotes. */
const jsonBytes = (character: string): number => {
  const code = character.codePointAt(0) ?? 0;
  if (character === '"' || character === '\\') return 2;
  if (code < 0x20) return '\b\t\n\f\r'.includes(character) ? 2 : 6;
  // JSON.stringify writes half of a surrogate pair as \udXXX.
  if (code >= 0xd800 && code <= 0xdfff) return 6;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
};

const ellipsis = '…';

/** Bytes of the UTF-8 text that JSON.stringify makes of a string, its quotes included. */
export const jsonLength = (text: string): number => {
  let bytes = 2;
  for (const character of text) bytes += jsonBytes(character);
  return bytes;
};

/**
 * The text, cut at the end so that its JSON takes at most `maxBytes` bytes of UTF-8; what was cut ends with "…".
 * No character is split. A search attribute of 2 048 bytes or more would end its workflow.
 * @param maxBytes at least 5, which the quotes and the "…" need
 * @throws RangeError when it is less
 */
export const clip = (text: string, maxBytes: number): string => {
  if (maxBytes < 5) throw new RangeError(`clip needs at least 5 bytes, not ${maxBytes}`);
  if (jsonLength(text) <= maxBytes) return text;
  let left = maxBytes - jsonLength(ellipsis);
  let kept = '';
  for (const character of text) {
    left -= jsonBytes(character);
    if (left < 0) break;
    kept += character;
  }
  return kept + ellipsis;
};
