import { joinPath } from '../../files/file-system.js';
import type { Inode } from '../../files/inode.js';
import type { Program } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';

const blockSize = 4096;

const sizeOf = (inode: Inode): number => {
  if (inode.kind === 'file') return inode.shownSize ?? inode.content.length;
  if (inode.kind === 'link') return inode.target.length;
  return inode.kind === 'directory' ? 4096 : 0;
};

const kinds: Readonly<Record<Inode['kind'], string>> = {
  file: 'regular file',
  directory: 'directory',
  link: 'symbolic link',
  'virtual-file': 'regular empty file',
  'virtual-directory': 'directory',
};

const fill = (template: string, values: Readonly<Record<string, () => string | number>>): string =>
  template.replaceAll(/%([a-zA-Z%])/g, (whole, letter: string) =>
    letter === '%' ? '%' : String(values[letter]?.() ?? whole),
  );

const time = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '')}000000 +0000`;

export const stat: Program = (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'c', ['format', 'printf']);
  const { files, machine } = { files: process.machine.files, machine: process.machine };
  const template = values.get('c') ?? values.get('format') ?? values.get('printf') ?? '%n';
  let status = 0;
  for (const path of operands) {
    const absolute = joinPath(process.directory, path);
    const ofFileSystem = flags.has('f');
    const inode = files.look(absolute, flags.has('L') || ofFileSystem);
    if (inode === undefined) {
      process.complain(
        `stat: cannot ${ofFileSystem ? 'read file system information for' : 'statx'} '${path}': No such file or directory\n`,
      );
      status = 1;
      continue;
    }
    const line = ofFileSystem
      ? fill(template, {
          n: () => path,
          a: () => Math.floor(files.freeBytes / blockSize),
          f: () => Math.floor(files.freeBytes / blockSize),
          b: () => Math.floor(files.capacityBytes / blockSize),
          S: () => blockSize,
          s: () => blockSize,
          T: () =>
            files.resolve(absolute) === '/sys/fs/cgroup'
              ? machine.cgroupVersion === 2
                ? 'cgroup2fs'
                : 'tmpfs'
              : 'ext2/ext3',
        })
      : fill(template, {
          n: () => path,
          s: () => sizeOf(inode),
          a: () => (inode.mode & 0o7777).toString(8),
          A: () => inode.mode.toString(8),
          u: () => inode.uid,
          g: () => inode.uid,
          U: () => 'root',
          G: () => 'root',
          i: () => inode.number,
          d: () => 65_025,
          F: () => kinds[inode.kind],
          Y: () => Math.floor(inode.modified / 1000),
          Z: () => Math.floor(inode.modified / 1000),
          // When it was born, which this file system does not keep: 0, as of one that tells coreutils nothing.
          W: () => 0,
          y: () => time(inode.modified),
          z: () => time(inode.modified),
        });
    process.print(`${line}\n`);
  }
  return status;
};

/** Only what scripts ask it for: kibibytes that are free. */
export const df: Program = (process, args) => {
  const { operands } = parseOptions(args);
  const { freeBytes, capacityBytes } = process.machine.files;
  const kib = (bytes: number): number => Math.floor(bytes / 1024);
  if (args.some((arg) => arg.startsWith('--output=avail'))) process.print(`    Avail\n${kib(freeBytes)}\n`);
  else {
    process.print('Filesystem     1K-blocks    Used Available Use% Mounted on\n');
    const used = capacityBytes - freeBytes;
    for (const _ of operands.length === 0 ? ['/'] : operands)
      process.print(
        `/dev/vda1 ${kib(capacityBytes)} ${kib(used)} ${kib(freeBytes)} ${Math.ceil((100 * used) / capacityBytes)}% /\n`,
      );
  }
  return 0;
};
