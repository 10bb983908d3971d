import type { Shell } from '../shell.js';

/** Splits a line over names as `read` does: the last name gets what is left, with its separators. */
const splitOver = (line: string, names: readonly string[], ifs: string, escaped: ReadonlySet<number>): string[] => {
  const isSeparator = (at: number): boolean => ifs.includes(line[at] as string) && !escaped.has(at);
  const isBlank = (at: number): boolean => isSeparator(at) && /[ \t\n]/.test(line[at] as string);
  const values: string[] = [];
  let at = 0;
  while (at < line.length && isBlank(at)) at += 1;
  for (let index = 0; index < names.length - 1; index += 1) {
    const start = at;
    while (at < line.length && !isSeparator(at)) at += 1;
    values.push(line.slice(start, at));
    while (at < line.length && isBlank(at)) at += 1;
    if (at < line.length && isSeparator(at)) {
      at += 1;
      while (at < line.length && isBlank(at)) at += 1;
    }
  }
  let end = line.length;
  while (end > at && isBlank(end - 1)) end -= 1;
  values.push(line.slice(at, end));
  return values;
};

/** `read`: 0 for a whole line, 1 at the end of the input. */
export const readLine = async (shell: Shell, args: readonly string[]): Promise<number> => {
  const raw = args.some((arg) => /^-[a-z]*r/.test(arg));
  const names = args.filter((arg) => !arg.startsWith('-'));
  const { process } = shell;
  let line = '';
  const escaped = new Set<number>();
  let whole = false;
  for (;;) {
    const next = await process.during(process.stdin.readLine());
    if (next === undefined) break;
    whole = next.endsWith('\n');
    const text = whole ? next.slice(0, -1) : next;
    if (raw) {
      line += text;
      break;
    }
    let goesOn = false;
    for (let at = 0; at < text.length; at += 1) {
      if (text[at] !== '\\') {
        line += text[at] as string;
        continue;
      }
      at += 1;
      if (at >= text.length) {
        goesOn = whole;
        break;
      }
      escaped.add(line.length);
      line += text[at] as string;
    }
    if (!goesOn) break;
  }
  const targets = names.length === 0 ? ['REPLY'] : names;
  const values = splitOver(line, targets, shell.get('IFS') ?? ' \t\n', escaped);
  targets.forEach((name, index) => shell.set(name, values[index] ?? ''));
  return whole ? 0 : 1;
};
