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

/** Cuts a text without colours to a number of columns. */
export const clip = (text: string, columns: number): string =>
  width(text) <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;

/** One line that cannot steer the operator's terminal, whatever a host printed. */
export const printable = (text: string): string =>
  text
    .replaceAll(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replaceAll(/[\n\t]+/g, ' ')
    .replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '');

/** Rows in aligned columns, two blanks apart, without borders; the first row is the heading. */
export const table = (rows: readonly (readonly string[])[]): string => {
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
