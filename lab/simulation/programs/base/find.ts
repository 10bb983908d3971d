import { FileError } from '../../files/file-error.js';
import { joinPath } from '../../files/file-system.js';
import { findProgram, runPath } from '../../shell/external.js';
import type { Program } from '../../system/process.js';
import { FindError, parseExpression } from './find-expression.js';
import type { Entry, Search } from './find-expression.js';

const isDirectory = ({ inode }: Entry): boolean => inode.kind === 'directory' || inode.kind === 'virtual-directory';

export const find: Program = async (process, args) => {
  const { files, mounts } = process.machine;
  const rest = [...args];
  let follow = false;
  while (rest[0] === '-L' || rest[0] === '-H' || rest[0] === '-P') follow = rest.shift() === '-L';
  const starts: string[] = [];
  while (rest[0] !== undefined && !/^[-!(]/.test(rest[0])) starts.push(rest.shift() as string);
  let status = 0;
  const complain = (text: string): void => {
    process.complain(`find: ${text}\n`);
    status = 1;
  };

  let search: Search;
  try {
    search = parseExpression(process, rest, {
      print: (text) => process.print(text),
      delete: ({ path, depth }) => {
        if (depth === 0 && path === '.') return true;
        try {
          const at = joinPath(process.directory, path);
          if (files.look(at, false)?.kind === 'directory' && files.list(at).length > 0)
            throw new FileError('ENOTEMPTY', path);
          if (mounts.isBusyBelow(files.resolve(at))) throw new FileError('EBUSY', path);
          files.remove(at);
          return true;
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          complain(`cannot delete '${path}': ${error.words}`);
          return false;
        }
      },
      run: async (argv) => {
        const program = findProgram(process, argv[0] ?? '', process.environment.get('PATH'));
        return program !== undefined && (await runPath(process, program, argv, process.environment)) === 0;
      },
    });
  } catch (error) {
    if (!(error instanceof FindError)) throw error;
    complain(error.message);
    return 1;
  }

  const isMountPoint = (absolute: string, entry: Entry): boolean =>
    (entry.inode.kind === 'directory' && entry.inode.mounted !== undefined) ||
    mounts.all().some(({ path }) => path === files.resolve(absolute));

  const walk = async (path: string, depth: number): Promise<void> => {
    const absolute = joinPath(process.directory, path);
    const inode = files.look(absolute, follow || (depth === 0 && path.endsWith('/')));
    if (inode === undefined) {
      if (depth === 0) complain(`'${path}': No such file or directory`);
      return;
    }
    const name = path.replace(/\/+$/, '').replace(/^.*\//, '');
    const entry: Entry = { path, name: name === '' ? '/' : name, inode, depth, pruned: false };
    const evaluate = async (): Promise<void> => {
      if (depth >= search.minDepth) await search.expression(entry);
    };
    if (!search.depthFirst) await evaluate();
    const enters =
      isDirectory(entry) &&
      depth < search.maxDepth &&
      !(entry.pruned && !search.depthFirst) &&
      !(search.oneFileSystem && depth > 0 && isMountPoint(absolute, entry));
    if (enters)
      for (const child of files.list(absolute))
        await walk(path.endsWith('/') ? `${path}${child}` : `${path}/${child}`, depth + 1);
    if (search.depthFirst) await evaluate();
  };
  for (const start of starts.length === 0 ? ['.'] : starts) await walk(start, 0);
  return (await search.finish()) ? status : 1;
};
