import { clip } from './bound.js';

// For the Temporal UI, which renders headings, bold, code, tables and lists, and lets HTML through. What hosts and
// people say is text: none of it may become a list, a table, a link or HTML.

/** No text is longer than this on a page, bytes. */
const longest = 1_500;

/** What comes in several lines, on one. */
const oneLine = (text: string): string =>
  clip(text, longest)
    .replaceAll(/\s*[\r\n\u2028\u2029]+\s*/g, ' ')
    .trim();

/** Most texts have nothing to escape, and a page is rendered at each change. */
const escape = (text: string): string =>
  /[\\*<|_\]~]/.test(text)
    ? text
        .replaceAll(/[\\*<|]/g, String.raw`\$&`)
        .replaceAll(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, String.raw`\_`)
        .replaceAll('](', String.raw`]\(`)
        .replaceAll('~~', String.raw`\~\~`)
    : text;

/** What would make a heading, a list or a quotation at the beginning of a line. */
const escapeStart = (line: string): string =>
  line.replace(/^[#>+-]/, String.raw`\$&`).replace(/^(\d+)([.)])/, String.raw`$1\$2`);

/** A text, also at the beginning of a line or within a cell; what stands between backticks in it is code. */
export const text = (said: string): string =>
  escapeStart(
    oneLine(said)
      .split(/(`[^`]+`)/)
      .map((part, index) =>
        index % 2 === 0 ? escape(part).replaceAll('`', "'") : part.replaceAll('|', String.raw`\|`),
      )
      .join(''),
  );

/** Nothing when the text is empty: two pairs of asterisks with nothing between them would show. */
export const bold = (said: string): string => (oneLine(said) === '' ? '' : `**${text(said)}**`);

/** One line as it was printed, for a paragraph or a list. */
export const code = (said: string): string => `\`${oneLine(said).replaceAll('`', "'")}\``;

/** A word in the first column of a table; the UI leaves no space between columns. */
export const badge = (word: string): string => `${code(word)}\u00a0`;

/** Lines to be copied; they are not wrapped. */
export const codeBlock = (lines: readonly string[]): string => ['```', ...lines.map(oneLine), '```'].join('\n');

/** Lines as they were printed, each on its own and wrapped where it is long. */
export const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

export const numbered = (lines: readonly string[]): string =>
  lines.map((line, index) => `${index + 1}. ${line}`).join('\n');

/** Cells are Markdown. */
export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => ':--'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
