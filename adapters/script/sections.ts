import { randomBytes } from 'node:crypto';

/** A word that cannot be in a file on a host, for telling what a script says from what it shows. */
export const newMark = (): string => `quorate-${randomBytes(12).toString('hex')}`;

/**
 * Splits the output of a script that prints the parts of one reading, each after a line `<mark> <name>`
 * (printed as `printf '\n%s %s\n' MARK NAME`, so that a part without a final newline does not hide the next).
 * What comes before the first mark is dropped; of two parts with one name the later counts.
 */
export const parseSections = (stdout: string, mark: string): Map<string, string> => {
  const sections = new Map<string, string>();
  const [, ...parts] = `\n${stdout}`.split(`\n${mark} `);
  for (const part of parts) {
    const end = part.indexOf('\n');
    if (end === -1) sections.set(part.trim(), '');
    else sections.set(part.slice(0, end).trim(), part.slice(end + 1));
  }
  return sections;
};
