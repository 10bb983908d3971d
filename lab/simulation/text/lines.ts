import { FileError } from '../files/file-error.js';
import { openFile } from '../shell/redirect.js';
import type { Process, Program } from '../system/process.js';
import { unescape } from '../shell/builtins/printf.js';
import { linesOf, parseOptions, readInputs } from './input.js';

/** What the programs have in common: a status of 1 when an input could not be read. */
const eachText = async (
  process: Process,
  paths: readonly string[],
  work: (text: string, path: string) => void,
): Promise<number> => {
  let status = 0;
  for (const { text, path } of await readInputs(process, paths, { onFailure: () => (status = 1) })) work(text, path);
  return status;
};

export const cat: Program = async (process, args) => {
  const { operands } = parseOptions(args);
  let status = 0;
  for (const path of operands.length === 0 ? ['-'] : operands) {
    try {
      const input = path === '-' ? process.stdin.retain() : openFile(process, path, 'read');
      // As it comes, so that whoever reads it need not wait for the end.
      for (;;) {
        const text = await process.during(input.read());
        if (text === undefined) break;
        process.print(text);
      }
      input.release();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      process.complain(`cat: ${path}: ${error.words}\n`);
      status = 1;
    }
  }
  return status;
};

export const tee: Program = async (process, args) => {
  const { flags, operands } = parseOptions(args);
  const text = await process.readAll();
  process.print(text);
  for (const path of operands) openFile(process, path, flags.has('a') ? 'append' : 'write').write(text);
  return 0;
};

export const head: Program = async (process, args) => {
  const numbered = args.map((arg) => arg.replace(/^-(\d+)$/, '-n$1'));
  const { values, operands } = parseOptions(numbered, 'nc', ['lines', 'bytes']);
  const bytes = values.get('c') ?? values.get('bytes');
  const lines = Number(values.get('n') ?? values.get('lines') ?? 10);
  if (operands.length === 0) {
    // No more is taken than is shown: the rest of the input may be for somebody else.
    if (bytes !== undefined) process.print(await process.during(process.stdin.readBytes(Number(bytes))));
    else {
      for (let line = 0; line < lines; line += 1) {
        const text = await process.during(process.stdin.readLine());
        if (text === undefined) break;
        process.print(text);
      }
    }
    return 0;
  }
  return eachText(process, operands, (text) => {
    if (bytes !== undefined) process.print(text.slice(0, Number(bytes)));
    else if (lines < 0)
      process.print(
        text
          .split(/(?<=\n)/)
          .slice(0, lines)
          .join(''),
      );
    else process.print(text.split(/(?<=\n)/, lines).join(''));
  });
};

export const wc: Program = async (process, args) => {
  const { flags, operands } = parseOptions(args);
  return eachText(process, operands, (text, path) => {
    const counts = [
      ...(flags.has('l') ? [text.split('\n').length - 1] : []),
      ...(flags.has('w') ? [text.split(/\s+/).filter((word) => word !== '').length] : []),
      ...(flags.has('c') || flags.has('m') ? [text.length] : []),
    ];
    process.print(`${counts.join(' ')}${path === '-' ? '' : ` ${path}`}\n`);
  });
};

export const sort: Program = async (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'kt');
  const lines: string[] = [];
  const status = await eachText(process, operands, (text) => void lines.push(...linesOf(text)));
  const separator = values.get('t');
  const key = values.get('k');
  const column = key === undefined ? undefined : Number.parseInt(key, 10) - 1;
  const numeric = flags.has('n') || /n/.test(key ?? '');
  const of = (line: string): string => (column === undefined ? line : (line.split(separator ?? /\s+/)[column] ?? ''));
  lines.sort((a, b) => {
    const [left, right] = [of(a), of(b)];
    const order = numeric
      ? Number.parseFloat(left || '0') - Number.parseFloat(right || '0')
      : left < right
        ? -1
        : Number(left > right);
    return (flags.has('r') ? -1 : 1) * (order === 0 && column !== undefined ? Number(a > b) - Number(a < b) : order);
  });
  const shown = flags.has('u') ? lines.filter((line, index) => line !== lines[index - 1]) : lines;
  process.print(shown.map((line) => `${line}\n`).join(''));
  return status;
};

export const uniq: Program = async (process, args) => {
  const { flags, operands } = parseOptions(args);
  return eachText(process, operands.slice(0, 1), (text) => {
    let previous: string | undefined;
    let count = 0;
    const show = (): void => {
      if (previous === undefined || (flags.has('d') && count < 2)) return;
      process.print(flags.has('c') ? `${String(count).padStart(7)} ${previous}\n` : `${previous}\n`);
    };
    for (const line of linesOf(text)) {
      if (line === previous) count += 1;
      else {
        show();
        previous = line;
        count = 1;
      }
    }
    show();
  });
};

const ranges = (list: string): ((index: number) => boolean) => {
  const wanted = list.split(',').map((part) => {
    const [from = '', to] = part.split('-');
    const first = from === '' ? 1 : Number(from);
    return [first, to === undefined ? first : to === '' ? Infinity : Number(to)] as const;
  });
  return (index) => wanted.some(([from, to]) => index >= from && index <= to);
};

export const cut: Program = async (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'cbfd', ['delimiter', 'fields', 'characters']);
  const characters = values.get('c') ?? values.get('b') ?? values.get('characters');
  const delimiter = values.get('d') ?? values.get('delimiter') ?? '\t';
  const chosen = ranges(characters ?? values.get('f') ?? values.get('fields') ?? '1-');
  return eachText(process, operands, (text) => {
    for (const line of linesOf(text)) {
      if (characters !== undefined) {
        process.print(
          `${line
            .split('')
            .filter((_, index) => chosen(index + 1))
            .join('')}\n`,
        );
        continue;
      }
      if (!line.includes(delimiter)) {
        if (!flags.has('s')) process.print(`${line}\n`);
        continue;
      }
      const fields = line.split(delimiter).filter((_, index) => chosen(index + 1));
      process.print(`${fields.join(delimiter)}\n`);
    }
  });
};

const classes: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: '0-9A-Za-z',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \t\n\r\f\v',
  blank: ' \t',
  cntrl: '\x00-\x1f\x7f',
  print: ' -~',
};

const characterSet = (text: string): string[] => {
  const plain = unescape(text.replaceAll(/\[:(\w+):\]/g, (_, name: string) => classes[name] ?? '')).text;
  const found: string[] = [];
  for (let at = 0; at < plain.length; at += 1) {
    const from = plain[at] as string;
    if (plain[at + 1] === '-' && at + 2 < plain.length) {
      for (let code = from.charCodeAt(0); code <= plain.charCodeAt(at + 2); code += 1)
        found.push(String.fromCharCode(code));
      at += 2;
    } else found.push(from);
  }
  return found;
};

export const tr: Program = async (process, args) => {
  const { flags, operands } = parseOptions(args);
  const [first = '', second = ''] = operands;
  const complement = flags.has('c') || flags.has('C');
  const set = characterSet(first);
  const inSet = new Set(set);
  const has = (character: string): boolean => inSet.has(character) !== complement;
  const text = await process.readAll();
  if (flags.has('d')) {
    process.print(
      text
        .split('')
        .filter((character) => !has(character))
        .join(''),
    );
    return 0;
  }
  const target = second === '' ? [] : characterSet(second);
  const last = target.at(-1);
  const map = new Map(set.map((character, index) => [character, target[index] ?? last ?? character]));
  let made = '';
  let previous: string | undefined;
  for (const character of text) {
    const replaced = !has(character) || target.length === 0;
    const next = replaced ? character : complement ? (last ?? character) : (map.get(character) ?? character);
    if (flags.has('s') && next === previous && (target.length === 0 ? has(character) : target.includes(next))) continue;
    made += next;
    previous = next;
  }
  process.print(made);
  return 0;
};

export const seq: Program = (process, args) => {
  const numbers = args.map(Number);
  const [from, by, to] =
    numbers.length === 1 ? [1, 1, numbers[0]] : numbers.length === 2 ? [numbers[0], 1, numbers[1]] : numbers;
  for (let number = from ?? 1; number <= (to ?? 0); number += by ?? 1) process.print(`${number}\n`);
  return 0;
};
