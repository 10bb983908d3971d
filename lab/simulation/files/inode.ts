import type { Machine } from '../system/machine.js';

/** What a path leads to. Trees that several hosts share are frozen: who writes below one copies the way to it first. */
export type Inode = Directory | File | Link | VirtualFile | VirtualDirectory;

interface Common {
  mode: number;
  uid: number;
  /** Milliseconds since the epoch. */
  modified: number;
  readonly number: number;
}

export interface Directory extends Common {
  readonly kind: 'directory';
  readonly entries: Map<string, Inode>;
  readonly frozen?: boolean;
  /** Name of the file system that is mounted here, such as `tmpfs`. */
  readonly mounted?: string;
}

export interface File extends Common {
  readonly kind: 'file';
  content: string;
  /** Name of the simulated program that the file stands for. */
  readonly program?: string;
  /** Size that is shown for a file whose content is not there, such as a program's. */
  readonly shownSize?: number;
  readonly frozen?: boolean;
}

export interface Link extends Common {
  readonly kind: 'link';
  readonly target: string;
}

/** A file of /proc or /sys: made when it is read. */
export interface VirtualFile extends Common {
  readonly kind: 'virtual-file';
  readonly read: (machine: Machine) => string;
  /** Absent when it cannot be written. @throws FileError */
  readonly write?: (machine: Machine, text: string) => void;
}

/** A folder of /proc or /sys whose entries are there for the asking. */
export interface VirtualDirectory extends Common {
  readonly kind: 'virtual-directory';
  readonly list: (machine: Machine) => readonly string[];
  readonly get: (machine: Machine, name: string) => Inode | undefined;
}

let lastNumber = 1;
const common = (mode: number, uid: number, modified: number): Common => ({
  mode,
  uid,
  modified,
  number: (lastNumber += 1),
});

export const directory = (mode = 0o755, modified = 0, entries = new Map<string, Inode>()): Directory => ({
  kind: 'directory',
  ...common(mode, 0, modified),
  entries,
});

export const file = (content: string, mode = 0o644, modified = 0): File => ({
  kind: 'file',
  ...common(mode, 0, modified),
  content,
});

export const program = (name: string, shownSize: number): File => ({
  kind: 'file',
  ...common(0o755, 0, 0),
  content: '',
  program: name,
  shownSize,
});

export const link = (target: string, modified = 0): Link => ({ kind: 'link', ...common(0o777, 0, modified), target });

export const virtualFile = (
  read: (machine: Machine) => string,
  write?: (machine: Machine, text: string) => void,
): VirtualFile => ({
  kind: 'virtual-file',
  ...common(write === undefined ? 0o444 : 0o644, 0, 0),
  read,
  ...(write === undefined ? {} : { write }),
});

export const virtualDirectory = (list: VirtualDirectory['list'], get: VirtualDirectory['get']): VirtualDirectory => ({
  kind: 'virtual-directory',
  ...common(0o555, 0, 0),
  list,
  get,
});

/** A copy that may be written, of an inode that others share. */
export const thaw = <T extends Directory | File>(inode: T): T => {
  const { frozen: _, ...rest } = inode;
  return {
    ...rest,
    number: (lastNumber += 1),
    ...(inode.kind === 'directory' ? { entries: new Map(inode.entries) } : {}),
  } as T;
};
