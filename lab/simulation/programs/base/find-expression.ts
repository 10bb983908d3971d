import { joinPath } from '../../files/file-system.js';
import type { Inode } from '../../files/inode.js';
import { matches } from '../../shell/expansion/patterns.js';
import type { Process } from '../../system/process.js';

export interface Entry {
  readonly path: string;
  readonly name: string;
  readonly inode: Inode;
  readonly depth: number;
  /** Set by -prune: nothing below it is looked at. */
  pruned: boolean;
}

/** A test or an action; actions hold or not as tests do. */
type Expression = (entry: Entry) => boolean | Promise<boolean>;

/** What actions do for `find`. */
export interface Actions {
  print(text: string): void;
  delete(entry: Entry): boolean;
  run(argv: readonly string[]): Promise<boolean>;
}

export interface Search {
  readonly minDepth: number;
  readonly maxDepth: number;
  /** Contents of a folder before the folder. */
  readonly depthFirst: boolean;
  /** Other file systems are not entered. */
  readonly oneFileSystem: boolean;
  readonly expression: Expression;
  /** What `-exec … {} +` has gathered. @returns false when a command failed */
  finish(): Promise<boolean>;
}

/** What is no expression of find's, with what it says of it. */
export class FindError extends Error {
  override readonly name = 'FindError';
}

const types: Readonly<Record<string, readonly Inode['kind'][]>> = {
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

const blocks: Readonly<Record<string, number>> = { b: 512, c: 1, k: 1024, M: 2 ** 20, G: 2 ** 30, '': 512 };

/** Reads the words after the starting points. @throws FindError */
export const parseExpression = (process: Process, words: readonly string[], actions: Actions): Search => {
  const rest = [...words];
  const options = { minDepth: 0, maxDepth: Infinity, depthFirst: false, oneFileSystem: false };
  const gathered: { readonly command: readonly string[]; readonly paths: string[] }[] = [];
  let acts = false;
  const always: Expression = () => true;

  const argumentOf = (word: string): string => {
    const value = rest.shift();
    if (value === undefined) throw new FindError(`missing argument to \`${word}'`);
    return value;
  };

  const execution = (): Expression => {
    acts = true;
    const end = rest.findIndex((one, index) => one === ';' || (one === '+' && rest[index - 1] === '{}'));
    if (end === -1) throw new FindError("missing argument to `-exec'");
    const command = rest.splice(0, end + 1);
    if (command.pop() === '+') {
      const batch = { command: command.slice(0, -1), paths: [] as string[] };
      gathered.push(batch);
      return ({ path }) => batch.paths.push(path) > 0;
    }
    return ({ path }) => actions.run(command.map((word) => word.replaceAll('{}', path)));
  };

  const primary = (word: string): Expression => {
    switch (word) {
      case '-mindepth':
      case '-maxdepth':
        options[word === '-mindepth' ? 'minDepth' : 'maxDepth'] = Number(argumentOf(word));
        return always;
      case '-depth':
        options.depthFirst = true;
        return always;
      case '-xdev':
      case '-mount':
        options.oneFileSystem = true;
        return always;
      case '-type': {
        const kinds = argumentOf(word)
          .split(',')
          .flatMap((type) => types[type] ?? []);
        return ({ inode }) => kinds.includes(inode.kind);
      }
      case '-name': {
        const pattern = argumentOf(word);
        return ({ name }) => matches(pattern, name);
      }
      case '-path': {
        const pattern = argumentOf(word);
        return ({ path }) => matches(pattern, path);
      }
      case '-size': {
        const [, amount = '', unit = 'b'] = /^([+-]?\d+)([bckMG]?)$/.exec(argumentOf(word)) ?? [];
        return ({ inode }) => compareNumber(amount, Math.ceil(sizeOf(inode) / (blocks[unit] ?? 512)));
      }
      case '-mmin': {
        const minutes = argumentOf(word);
        return ({ inode }) => compareNumber(minutes, Math.floor((process.machine.now() - inode.modified) / 60_000));
      }
      case '-newer': {
        const than = process.machine.files.inode(joinPath(process.directory, argumentOf(word))).modified;
        return ({ inode }) => inode.modified > than;
      }
      case '-prune':
        return (entry) => (entry.pruned = true);
      case '-exec':
        return execution();
      case '-delete':
        acts = true;
        options.depthFirst = true;
        return (entry) => actions.delete(entry);
      case '-print':
      case '-print0':
        acts = true;
        return ({ path }) => {
          actions.print(`${path}${word === '-print' ? '\n' : '\0'}`);
          return true;
        };
      default:
        throw new FindError(`unknown predicate \`${word}'`);
    }
  };

  const negation = (): Expression => {
    const word = rest.shift() ?? '';
    if (word === '!' || word === '-not') {
      const inner = negation();
      return async (entry) => !(await inner(entry));
    }
    if (word !== '(') return primary(word);
    const inner = alternatives();
    if (rest.shift() !== ')') throw new FindError("invalid expression; expected to find a ')'");
    return inner;
  };
  const conjunction = (): Expression => {
    const parts: Expression[] = [];
    while (rest[0] !== undefined && !['-o', '-or', ')'].includes(rest[0])) {
      if (rest[0] === '-a' || rest[0] === '-and') rest.shift();
      parts.push(negation());
    }
    return async (entry) => {
      for (const part of parts) if (!(await part(entry))) return false;
      return true;
    };
  };
  const alternatives = (): Expression => {
    const parts = [conjunction()];
    while (rest[0] === '-o' || rest[0] === '-or') {
      rest.shift();
      parts.push(conjunction());
    }
    return async (entry) => {
      for (const part of parts) if (await part(entry)) return true;
      return false;
    };
  };

  const given = alternatives();
  if (rest.length > 0) throw new FindError("invalid expression; you have too many ')'");
  const expression: Expression = acts
    ? given
    : async (entry) => {
        if (!(await given(entry))) return false;
        actions.print(`${entry.path}\n`);
        return true;
      };
  return {
    ...options,
    expression,
    finish: async () => {
      let good = true;
      for (const { command, paths } of gathered)
        if (paths.length > 0 && !(await actions.run([...command, ...paths]))) good = false;
      return good;
    },
  };
};
