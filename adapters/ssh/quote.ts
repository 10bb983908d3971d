/**
 * One word for a POSIX shell. `=` is quoted too, as a first word `A=b` would be an assignment.
 * @throws TypeError for a NUL, which no argument can hold.
 */
export const quote = (word: string): string => {
  if (word.includes('\0')) throw new TypeError('a shell word cannot hold a NUL character');
  if (/^[A-Za-z0-9_/:.,@%+-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
};
