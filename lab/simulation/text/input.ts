import { FileError } from '../files/file-error.js';
import { openFile } from '../shell/redirect.js';
import type { Process } from '../system/process.js';

/** Splits arguments into options of one letter, their values, and operands. */
export interface Options {
  readonly flags: ReadonlySet<string>;
  /** Last value of each option that takes one. */
  readonly values: ReadonlyMap<string, string>;
  /** Every value of an option that may be given again. */
  all(option: string): readonly string[];
  readonly operands: readonly string[];
}

/**
 * @param withValue letters (and long names) of options that take a value
 */
export const parseOptions = (
  args: readonly string[],
  withValue = '',
  longWithValue: readonly string[] = [],
): Options => {
  const flags = new Set<string>();
  const given: [string, string][] = [];
  const operands: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] as string;
    if (arg === '--') {
      operands.push(...args.slice(at + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const equals = arg.indexOf('=');
      const name = equals === -1 ? arg.slice(2) : arg.slice(2, equals);
      if (equals !== -1) given.push([name, arg.slice(equals + 1)]);
      else if (longWithValue.includes(name)) given.push([name, args[(at += 1)] ?? '']);
      flags.add(name);
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let letter = 1; letter < arg.length; letter += 1) {
        const option = arg[letter] as string;
        flags.add(option);
        if (!withValue.includes(option)) continue;
        const rest = arg.slice(letter + 1);
        given.push([option, rest === '' ? (args[(at += 1)] ?? '') : rest]);
        break;
      }
    } else operands.push(arg);
  }
  return {
    flags,
    values: new Map(given),
    all: (option) => given.filter(([name]) => name === option).map(([, value]) => value),
    operands,
  };
};

/** Text of files, or of standard input without any; complains of those that cannot be read. */
export const readInputs = async (
  process: Process,
  paths: readonly string[],
  options: { readonly quiet?: boolean; readonly onFailure?: () => void } = {},
): Promise<{ readonly path: string; readonly text: string }[]> => {
  if (paths.length === 0) return [{ path: '-', text: await process.readAll() }];
  const found: { path: string; text: string }[] = [];
  for (const path of paths) {
    if (path === '-') {
      found.push({ path, text: await process.readAll() });
      continue;
    }
    try {
      const opened = openFile(process, path, 'read');
      found.push({ path, text: await process.during(opened.readAll()) });
      opened.release();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (options.quiet !== true) process.complain(`${process.argv[0]}: ${path}: ${error.words}\n`);
      options.onFailure?.();
    }
  }
  return found;
};

/** Lines without their newlines; the empty one after a final newline is none. */
export const linesOf = (text: string): string[] => {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
};
