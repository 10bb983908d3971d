import { printable as escaped } from '../../model/printable.js';

/** Milliseconds as operators say them: `850ms`, `42s`, `3m 05s`, `2h 10m`, `5d 3h`. */
export const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h ${pad(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${Math.floor(seconds / 3_600) % 24}h`;
};

/** The same without what is zero, for limits: `30m`, `2h`. */
export const shortDuration = (ms: number): string => duration(ms).replace(/ 0+[smh]$/, '');

/** How long ago an ISO 8601 time was. */
export const age = (since: string, now: number): string => duration(now - Date.parse(since));

/** `HH:MM:SS` in the local time zone. */
export const clock = (time: Date): string => time.toTimeString().slice(0, 8);

export const bytes = (count: number): string =>
  count < 1_048_576 ? `${Math.round(count / 1_024)} KiB` : `${(count / 1_048_576).toFixed(1)} MiB`;

const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Columns that a text takes on a terminal; escape sequences of colours take none. */
const width = (text: string): number => {
  let columns = 0;
  for (const character of text.replaceAll(/\x1b\[[0-9;]*m/g, '')) columns += wide.test(character) ? 2 : 1;
  return columns;
};

/** Rows that lines take on a terminal so wide. */
export const rowsOf = (lines: readonly string[], columns: number): number =>
  lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(width(line) / columns)), 0);

/** Cuts a text without colours to a number of columns. */
export const clip = (text: string, columns: number): string => {
  if (width(text) <= columns) return text;
  let kept = '';
  for (const character of text) {
    if (width(kept + character) >= columns) break;
    kept += character;
  }
  return `${kept}…`;
};

/** A text as lines of at most so many columns, broken between words; all but the first are indented. */
export const wrap = (text: string, columns: number, indent: string): string[] => {
  const lines: string[] = [];
  let line = '';
  // Each word with the blanks before it.
  for (const word of text.match(/\s*\S+/g) ?? []) {
    if (line !== '' && width(line + word) > columns) {
      lines.push(line);
      line = `${indent}${word.trimStart()}`;
    } else line += word;
  }
  return [...lines, line];
};

/**
 * One line that cannot steer the operator's terminal, whatever a host printed or a person wrote: colours and moves of the
 * cursor are left out, the rest of what cannot be seen is escaped.
 */
export const printable = (text: string): string =>
  escaped(text.replaceAll(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').replaceAll(/[\n\t]+/g, ' '));

/** Rows in aligned columns, two blanks apart, without borders; the first row is the heading. Cells are made printable. */
export const table = (given: readonly (readonly string[])[]): string => {
  const rows = given.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, width(cell))));
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
};
