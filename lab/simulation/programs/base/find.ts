import { joinPath } from '../../files/file-system.js';
import type { Inode } from '../../files/inode.js';
import { findProgram, runPath } from '../../shell/external.js';
import { matches } from '../../shell/patterns.js';
import type { Process, Program } from '../../system/process.js';

interface Entry {
  readonly path: string;
  readonly name: string;
  readonly inode: Inode;
  readonly depth: number;
}

type Predicate = (entry: Entry) => boolean;

const types: Readonly<Record<string, Inode['kind'][]>> = {
  f: ['file', 'virtual-file'],
  d: ['directory', 'virtual-directory'],
  l: ['link'],
};

const compareNumber = (text: string, value: number): boolean => {
  const number = Number(text.replace(/^[+-]/, ''));
  return text.startsWith('+') ? value > number : text.startsWith('-') ? value < number : value === number;
};

const sizeOf = (inode: Inode): number =>
  inode.kind === 'file' ? (inode.shownSize ?? inode.content.length) : inode.kind === 'directory' ? 4096 : 0;

interface Search {
  readonly starts: readonly string[];
  readonly follow: boolean;
  readonly minDepth: number;
  readonly maxDepth: number;
  /** Alternatives of conditions that hold together. */
  readonly tests: readonly (readonly Predicate[])[];
  readonly command?: { readonly words: readonly string[]; readonly together: boolean };
  readonly deletes: boolean;
  readonly separator: string;
}

const parse = (process: Process, args: readonly string[]): Search => {
  const rest = [...args];
  let follow = false;
  while (rest[0] === '-L' || rest[0] === '-H' || rest[0] === '-P') follow = rest.shift() === '-L';
  const starts: string[] = [];
  while (rest[0] !== undefined && !/^[-!(]/.test(rest[0])) starts.push(rest.shift() as string);
  let minDepth = 0;
  let maxDepth = Infinity;
  let command: Search['command'];
  let deletes = false;
  let separator = '\n';
  const tests: Predicate[][] = [[]];
  let negated = false;
  const add = (predicate: Predicate): void => {
    const not = negated;
    negated = false;
    tests.at(-1)?.push((entry) => predicate(entry) !== not);
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const value = (): string => rest.shift() ?? '';
    switch (word) {
      case '!':
      case '-not':
        negated = true;
        break;
      case '-o':
        tests.push([]);
        break;
      case '-mindepth':
        minDepth = Number(value());
        break;
      case '-maxdepth':
        maxDepth = Number(value());
        break;
      case '-type': {
        const kinds = value()
          .split(',')
          .flatMap((type) => types[type] ?? []);
        add(({ inode }) => kinds.includes(inode.kind));
        break;
      }
      case '-name': {
        const pattern = value();
        add(({ name }) => matches(pattern, name));
        break;
      }
      case '-path': {
        const pattern = value();
        add(({ path }) => matches(pattern, path));
        break;
      }
      case '-size': {
        const [, amount = '', unit = 'b'] = /^([+-]?\d+)([bckMG]?)$/.exec(value()) ?? [];
        const bytes = { b: 512, c: 1, k: 1024, M: 2 ** 20, G: 2 ** 30, '': 512 }[unit] ?? 512;
        add(({ inode }) => compareNumber(amount, Math.ceil(sizeOf(inode) / bytes)));
        break;
      }
      case '-mmin': {
        const minutes = value();
        add(({ inode }) => compareNumber(minutes, Math.floor((process.machine.now() - inode.modified) / 60_000)));
        break;
      }
      case '-newer': {
        const than = process.machine.files.inode(joinPath(process.directory, value())).modified;
        add(({ inode }) => inode.modified > than);
        break;
      }
      case '-exec': {
        const end = rest.findIndex((one) => one === ';' || one === '+');
        const words = rest.splice(0, end + 1);
        command = { words: words.slice(0, -1), together: words.at(-1) === '+' };
        break;
      }
      case '-delete':
        deletes = true;
        break;
      case '-print0':
        separator = '\0';
        break;
      default:
    }
  }
  return {
    starts: starts.length === 0 ? ['.'] : starts,
    follow,
    minDepth,
    maxDepth,
    tests,
    deletes,
    separator,
    ...(command === undefined ? {} : { command }),
  };
};

export const find: Program = async (process, args) => {
  const search = parse(process, args);
  const { files } = process.machine;
  const found: string[] = [];
  let status = 0;
  const walk = (path: string, depth: number): void => {
    const absolute = joinPath(process.directory, path);
    const inode = files.look(absolute, search.follow || (depth === 0 && path.endsWith('/')));
    if (inode === undefined) {
      if (depth === 0) {
        process.complain(`find: '${path}': No such file or directory\n`);
        status = 1;
      }
      return;
    }
    const name = path.replace(/\/+$/, '').replace(/^.*\//, '');
    const entry = { path, name: name === '' ? '/' : name, inode, depth };
    if (depth >= search.minDepth && search.tests.some((all) => all.every((test) => test(entry)))) found.push(path);
    if (depth >= search.maxDepth || !types['d']?.includes(inode.kind)) return;
    for (const child of files.list(absolute))
      walk(path.endsWith('/') ? `${path}${child}` : `${path}/${child}`, depth + 1);
  };
  for (const start of search.starts) walk(start, 0);
  if (search.deletes) for (const path of found.toReversed()) files.remove(joinPath(process.directory, path));
  else if (search.command !== undefined) {
    const { words, together } = search.command;
    for (const batch of together ? (found.length === 0 ? [] : [found]) : found.map((path) => [path])) {
      const argv = words.flatMap((word) => (word === '{}' ? batch : [word]));
      const program = findProgram(process, argv[0] ?? '', process.environment.get('PATH'));
      if (program === undefined || (await runPath(process, program, argv, process.environment)) !== 0) status = 1;
    }
  } else process.print(found.map((path) => path + search.separator).join(''));
  return status;
};
