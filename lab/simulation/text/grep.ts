import { joinPath } from '../files/file-system.js';
import type { Process, Program } from '../system/process.js';
import { linesOf, parseOptions, readInputs } from './input.js';
import { regularExpression } from './regular-expressions.js';

const filesBelow = (process: Process, path: string): string[] => {
  const { files } = process.machine;
  const absolute = joinPath(process.directory, path);
  if (!files.isDirectory(absolute)) return [path];
  return files.list(absolute).flatMap((name) => filesBelow(process, `${path.replace(/\/$/, '')}/${name}`));
};

export const grep: Program = async (process, args) => {
  const { flags, values, all, operands } = parseOptions(args, 'efmABC', ['regexp', 'max-count']);
  const has = (letter: string, long: string): boolean => flags.has(letter) || flags.has(long);
  const given = [...all('e'), ...all('regexp')];
  const paths = given.length > 0 ? operands : operands.slice(1);
  const patterns = (given.length > 0 ? given : [operands[0] ?? '']).flatMap((pattern) => pattern.split('\n'));
  const fixed = has('F', 'fixed-strings');
  const insensitive = has('i', 'ignore-case');
  const whole = has('x', 'line-regexp');
  const extended = has('E', 'extended-regexp');
  const expressions = fixed ? [] : patterns.map((one) => regularExpression(one, extended, insensitive ? 'gi' : 'g'));
  const matches = (line: string): string[] => {
    if (fixed) {
      const text = insensitive ? line.toLowerCase() : line;
      return patterns.filter((one) => {
        const wanted = insensitive ? one.toLowerCase() : one;
        return whole ? text === wanted : text.includes(wanted);
      });
    }
    return expressions.flatMap((expression) => {
      expression.lastIndex = 0;
      const found = [...line.matchAll(expression)].map(([match]) => match);
      return whole ? found.filter((match) => match === line) : found;
    });
  };
  const quiet = has('q', 'quiet');
  const most = Number(values.get('m') ?? values.get('max-count') ?? Infinity);
  let failed = false;
  let selected = 0;
  const recursive = has('r', 'recursive') || flags.has('R');
  const asked = recursive ? paths.flatMap((path) => filesBelow(process, path)) : paths;
  const inputs = await readInputs(process, asked, {
    quiet: has('s', 'no-messages'),
    onFailure: () => (failed = true),
  });
  const named = !has('h', 'no-filename') && (asked.length > 1 || recursive || flags.has('H'));
  for (const { path, text } of inputs) {
    let count = 0;
    const label = named ? `${path}:` : '';
    for (const [index, line] of linesOf(text).entries()) {
      if (count >= most) break;
      const found = matches(line);
      if (found.length > 0 === has('v', 'invert-match')) continue;
      count += 1;
      if (quiet) return 0;
      if (has('c', 'count') || has('l', 'files-with-matches')) continue;
      const number = has('n', 'line-number') ? `${index + 1}:` : '';
      if (has('o', 'only-matching')) for (const one of found) process.print(`${label}${number}${one}\n`);
      else process.print(`${label}${number}${line}\n`);
    }
    selected += count;
    if (has('c', 'count')) process.print(`${label}${count}\n`);
    if (has('l', 'files-with-matches') && count > 0) process.print(`${path}\n`);
  }
  return failed && !quiet ? 2 : selected > 0 ? 0 : 1;
};
