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
  template.replaceAll(/%((?:\.3)?[a-zA-Z]|%)/g, (whole, letter: string) =>
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
          '.3Y': () => (inode.modified / 1000).toFixed(3),
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

/** Kibibytes of the file systems that paths are on: the disk, or a tmpfs of half the memory. */
export const df: Program = (process, args) => {
  const { flags, operands } = parseOptions(args);
  const { files, memoryKiB } = process.machine;
  const kib = (bytes: number): number => Math.floor(bytes / 1024);
  const of = (path: string): { device: string; size: number; free: number; mount: string } => {
    const mount = ['/run', '/tmp'].find((one) => path === one || path.startsWith(`${one}/`));
    if (mount !== undefined) return { device: 'tmpfs', size: memoryKiB / 2, free: memoryKiB / 2, mount };
    return { device: '/dev/vda1', size: kib(files.capacityBytes), free: kib(files.freeBytes), mount: '/' };
  };
  const onlyFree = args.some((arg) => arg.startsWith('--output=avail'));
  let header = onlyFree
    ? '    Avail\n'
    : flags.has('P')
      ? 'Filesystem     1024-blocks    Used Available Capacity Mounted on\n'
      : 'Filesystem     1K-blocks    Used Available Use% Mounted on\n';
  let status = 0;
  for (const operand of operands.length === 0 ? ['/'] : operands) {
    const path = joinPath(process.directory, operand);
    if (!files.exists(path)) {
      process.complain(`df: ${operand}: No such file or directory\n`);
      status = 1;
      continue;
    }
    const { device, size, free, mount } = of(files.resolve(path));
    const used = size - free;
    process.print(
      `${header}${onlyFree ? free : `${device} ${size} ${used} ${free} ${Math.ceil((100 * used) / size)}% ${mount}`}\n`,
    );
    header = '';
  }
  return status;
};
