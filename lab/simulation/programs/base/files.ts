import { randomBytes } from 'node:crypto';
import { FileError } from '../../files/file-error.js';
import { joinPath } from '../../files/file-system.js';
import type { Inode } from '../../files/inode.js';
import type { Process, Program } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';

/** Does something for each operand; complains as the program of that name does. */
const each = (
  process: Process,
  paths: readonly string[],
  verb: string,
  work: (absolute: string, path: string) => void,
): number => {
  let status = 0;
  for (const path of paths) {
    try {
      work(joinPath(process.directory, path), path);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      process.complain(`${process.argv[0]}: ${verb} '${path}': ${error.words}\n`);
      status = 1;
    }
  }
  return status;
};

const symbolicMode = (text: string, now: number): number => {
  if (/^[0-7]+$/.test(text)) return parseInt(text, 8);
  let mode = now;
  for (const part of text.split(',')) {
    const [, who = '', operator = '', what = ''] = /^([ugoa]*)([-+=])([rwx]*)$/.exec(part) ?? [];
    const bits = (what.includes('r') ? 4 : 0) + (what.includes('w') ? 2 : 0) + (what.includes('x') ? 1 : 0);
    const all = who === '' || who.includes('a');
    let mask = 0;
    if (all || who.includes('u')) mask |= bits << 6;
    if (all || who.includes('g')) mask |= bits << 3;
    if (all || who.includes('o')) mask |= bits;
    mode = operator === '-' ? mode & ~mask : mode | mask;
  }
  return mode;
};

export const mkdir: Program = (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'm', ['mode']);
  const mode = parseInt(values.get('m') ?? values.get('mode') ?? (0o777 & ~process.umask).toString(8), 8);
  return each(process, operands, 'cannot create directory', (path) => {
    const { files } = process.machine;
    if (flags.has('p') || flags.has('parents')) files.makeDirectories(path, mode);
    else files.makeDirectory(path, mode);
  });
};

export const rm: Program = (process, args) => {
  const { flags, operands } = parseOptions(args);
  const recursive = flags.has('r') || flags.has('R') || flags.has('recursive');
  const force = flags.has('f') || flags.has('force');
  return each(process, operands, 'cannot remove', (path) => {
    const { files } = process.machine;
    const inode = files.look(path.replace(/(.)\/+$/, '$1'), false);
    if (inode === undefined) {
      if (!force) throw new FileError('ENOENT', path);
      return;
    }
    if (inode.kind === 'directory') {
      if (!recursive) throw new FileError('EISDIR', path);
      // What is mounted below stays, and with it the folder.
      if (process.machine.mounts.isBusyBelow(files.resolve(path))) throw new FileError('EBUSY', path);
    }
    files.remove(path.replace(/(.)\/+$/, '$1'));
  });
};

export const rmdir: Program = (process, args) =>
  each(process, parseOptions(args).operands, 'failed to remove', (path) => {
    if (process.machine.files.list(path).length > 0) throw new FileError('ENOTEMPTY', path);
    process.machine.files.remove(path);
  });

const intoFolder = (process: Process, source: string, target: string): string =>
  process.machine.files.isDirectory(target)
    ? `${target.replace(/\/$/, '')}/${source.replace(/\/$/, '').replace(/^.*\//, '')}`
    : target;

export const mv: Program = (process, args) => {
  const { operands } = parseOptions(args);
  const target = joinPath(process.directory, operands.at(-1) ?? '');
  return each(process, operands.slice(0, -1), 'cannot move', (path) =>
    process.machine.files.rename(path, intoFolder(process, path, target)),
  );
};

const copyTree = (process: Process, from: string, to: string, keep: boolean): void => {
  const { files } = process.machine;
  const inode = files.inode(from);
  if (inode.kind === 'directory') {
    files.makeDirectories(to, inode.mode);
    for (const name of files.list(from)) copyTree(process, `${from}/${name}`, `${to}/${name}`, keep);
    return;
  }
  files.write(to, files.read(from), inode.mode & (keep ? 0o7777 : ~process.umask));
  if (keep) {
    files.changeMode(to, inode.mode);
    files.touch(to, inode.modified);
  }
};

export const cp: Program = (process, args) => {
  const { flags, operands } = parseOptions(args);
  const target = joinPath(process.directory, operands.at(-1) ?? '');
  const recursive = ['r', 'R', 'a', 'recursive'].some((flag) => flags.has(flag));
  return each(process, operands.slice(0, -1), 'cannot stat', (path) => {
    if (process.machine.files.inode(path).kind === 'directory' && !recursive) throw new FileError('EISDIR', path);
    copyTree(
      process,
      path.replace(/(.)\/$/, '$1'),
      intoFolder(process, path, target),
      flags.has('p') || flags.has('a'),
    );
  });
};

export const ln: Program = (process, args) => {
  const { flags, operands } = parseOptions(args);
  const [target = '', at = ''] = operands;
  return each(process, [at], 'failed to create symbolic link', (path) => {
    const { files } = process.machine;
    if (flags.has('f') && files.look(path, false) !== undefined) files.remove(path);
    files.makeLink(target, path);
  });
};

export const chmod: Program = (process, args) => {
  const { flags, operands } = parseOptions(args.map((arg) => arg.replace(/^-([rwx]+)$/, 'a-$1')));
  const [mode = '', ...paths] = operands;
  const change = (path: string): void => {
    const { files } = process.machine;
    const inode = files.inode(path);
    files.changeMode(path, symbolicMode(mode, inode.mode));
    if (flags.has('R') && inode.kind === 'directory') for (const name of files.list(path)) change(`${path}/${name}`);
  };
  return each(process, paths, 'cannot access', change);
};

/** Everything belongs to root here, as everything that matters on a host does. */
export const chown: Program = (process, args) =>
  each(
    process,
    parseOptions(args).operands.slice(1),
    'cannot access',
    (path) => void process.machine.files.inode(path),
  );

export const touch: Program = (process, args) => {
  const { values, operands } = parseOptions(args, 'dr', ['date']);
  const date = values.get('d') ?? values.get('date');
  return each(process, operands, 'cannot touch', (path) =>
    process.machine.files.touch(path, date === undefined ? undefined : Date.parse(date)),
  );
};

export const install: Program = (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'mogt');
  const mode = parseInt(values.get('m') ?? '755', 8);
  const { files } = process.machine;
  if (flags.has('d'))
    return each(process, operands, 'cannot create directory', (path) => {
      files.makeDirectories(path, 0o755);
      files.changeMode(path, mode);
    });
  const target = joinPath(process.directory, operands.at(-1) ?? '');
  return each(process, operands.slice(0, -1), 'cannot stat', (path) => {
    const to = intoFolder(process, path, target);
    if (flags.has('D')) files.makeDirectories(to.replace(/\/[^/]*$/, ''));
    files.write(to, files.read(path), mode);
    files.changeMode(to, mode);
  });
};

export const mktemp: Program = (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'p');
  const template = operands[0] ?? `${values.get('p') ?? '/tmp'}/tmp.XXXXXXXXXX`;
  const letters = randomBytes(12).toString('base64url').replaceAll(/[-_]/g, 'x');
  const path = template.replace(/X+$/, (all) => letters.slice(0, all.length));
  const absolute = joinPath(process.directory, path);
  const status = each(process, [path], 'failed to create', () => {
    if (flags.has('d')) process.machine.files.makeDirectory(absolute, 0o700);
    else process.machine.files.write(absolute, '', 0o600);
  });
  if (status === 0) process.print(`${path}\n`);
  return status;
};

export const readlink: Program = (process, args) => {
  const { flags, operands } = parseOptions(args);
  const { files } = process.machine;
  for (const path of operands) {
    const absolute = joinPath(process.directory, path);
    if (flags.has('f') || flags.has('e') || flags.has('m')) {
      try {
        const resolved = files.resolve(absolute);
        if (flags.has('e') && !files.exists(resolved)) return 1;
        process.print(`${resolved}\n`);
      } catch (error) {
        if (error instanceof FileError) return 1;
        throw error;
      }
      continue;
    }
    const inode = files.look(absolute, false);
    if (inode?.kind !== 'link') return 1;
    process.print(`${inode.target}\n`);
  }
  return 0;
};

/** Everything that was written is on the disk here. */
export const sync: Program = (process, args) =>
  each(process, parseOptions(args).operands, 'error opening', (path) => void process.machine.files.inode(path));

const typeLetter = (inode: Inode): string =>
  inode.kind === 'link' ? 'l' : inode.kind === 'directory' || inode.kind === 'virtual-directory' ? 'd' : '-';

const modeText = (inode: Inode): string =>
  typeLetter(inode) +
  [6, 3, 0]
    .map((shift) => {
      const bits = (inode.mode >> shift) & 7;
      return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${bits & 1 ? 'x' : '-'}`;
    })
    .join('');

export const ls: Program = (process, args) => {
  const { flags, operands } = parseOptions(args);
  const { files } = process.machine;
  const line = (folder: string, name: string): string => {
    if (!flags.has('l')) return name;
    const inode = files.look(`${folder}/${name}`, false);
    if (inode === undefined) return name;
    const size = inode.kind === 'file' ? (inode.shownSize ?? inode.content.length) : 4096;
    return `${modeText(inode)} 1 root root ${size} ${new Date(inode.modified).toISOString().slice(0, 16)} ${name}`;
  };
  return each(process, operands.length === 0 ? ['.'] : operands, 'cannot access', (path, given) => {
    if (flags.has('d') || !files.isDirectory(path)) {
      files.inode(path);
      process.print(`${line(path.replace(/\/[^/]*$/, ''), given)}\n`);
      return;
    }
    const names = files.list(path).filter((name) => flags.has('a') || flags.has('A') || !name.startsWith('.'));
    process.print(names.map((name) => `${line(path, name)}\n`).join(''));
  });
};

const lastOf = (path: string): string => path.replace(/\/+$/, '').replace(/^.*\//, '') || '/';

export const basename: Program = (process, [path = '', suffix = '']) => {
  const name = lastOf(path);
  process.print(
    `${suffix !== '' && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name}\n`,
  );
  return 0;
};

export const dirname: Program = (process, [path = '']) => {
  const trimmed = path.replace(/(.)\/+$/, '$1');
  const slash = trimmed.lastIndexOf('/');
  process.print(`${slash === -1 ? '.' : slash === 0 ? '/' : trimmed.slice(0, slash)}\n`);
  return 0;
};
