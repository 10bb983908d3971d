import type { Machine } from '../system/machine.js';
import { FileError } from './file-error.js';
import type { FileErrorCode } from './file-error.js';
import { directory, file, link, thaw } from './inode.js';
import type { Directory, File, Inode } from './inode.js';

const mostLinks = 20;

/** Called with the absolute path of what changed below a watched folder. */
type Watcher = (path: string) => void;

interface Found {
  /** Absolute, without links in it. */
  readonly path: string;
  readonly inode: Inode | undefined;
}

export const joinPath = (from: string, path: string): string => (path.startsWith('/') ? path : `${from}/${path}`);

const split = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** The files of one host: a tree of its own over one that it shares with other hosts. */
export class FileSystem {
  #root: Directory;
  readonly #watchers: { prefix: string; tell: Watcher }[] = [];
  /** Bytes that may still be written before the disk is full. */
  freeBytes: number;

  constructor(
    private readonly machine: Machine,
    base: Directory,
    readonly capacityBytes: number,
  ) {
    this.#root = base;
    this.freeBytes = capacityBytes * 0.9;
  }

  watch(prefix: string, tell: Watcher): () => void {
    const entry = { prefix, tell };
    this.#watchers.push(entry);
    return () => this.#watchers.splice(this.#watchers.indexOf(entry), 1);
  }

  /** Replaces everything, as a new disk does. */
  replaceRoot(base: Directory): void {
    this.#root = base;
    this.freeBytes = this.capacityBytes * 0.9;
  }

  #child(inode: Inode, name: string): Inode | undefined {
    if (inode.kind === 'directory') return inode.entries.get(name);
    if (inode.kind === 'virtual-directory') return inode.get(this.machine, name);
    return undefined;
  }

  /** Where a path leads; the last name need not exist, everything before it must. @throws FileError */
  #find(path: string, follow: boolean): Found {
    const found = this.#walk(path, follow);
    if (typeof found === 'string') throw new FileError(found, path);
    return found;
  }

  #walk(path: string, follow: boolean): Found | FileErrorCode {
    let todo = split(path);
    const trailing = path.endsWith('/');
    let names: string[] = [];
    let inodes: Inode[] = [this.#root];
    let links = 0;
    for (;;) {
      const name = todo.shift();
      if (name === undefined) break;
      const here = inodes.at(-1) as Inode;
      if (here.kind !== 'directory' && here.kind !== 'virtual-directory') return 'ENOTDIR';
      if (name === '..') {
        if (inodes.length > 1) {
          inodes.pop();
          names.pop();
        }
        continue;
      }
      const next = this.#child(here, name);
      if (next === undefined) {
        if (todo.length > 0) return 'ENOENT';
        return { path: `/${[...names, name].join('/')}`, inode: undefined };
      }
      if (next.kind === 'link' && (follow || trailing || todo.length > 0)) {
        links += 1;
        if (links > mostLinks) return 'ELOOP';
        if (next.target.startsWith('/')) {
          names = [];
          inodes = [this.#root];
        }
        todo = [...split(next.target), ...todo];
        continue;
      }
      names.push(name);
      inodes.push(next);
    }
    const inode = inodes.at(-1) as Inode;
    if (trailing && inode.kind !== 'directory' && inode.kind !== 'virtual-directory') return 'ENOTDIR';
    return { path: `/${names.join('/')}`, inode };
  }

  /** The inode at a path; undefined when there is none. Never throws. */
  look(path: string, follow = true): Inode | undefined {
    const found = this.#walk(path, follow);
    return typeof found === 'string' ? undefined : found.inode;
  }

  exists(path: string): boolean {
    return this.look(path) !== undefined;
  }

  /** @throws FileError ENOENT */
  inode(path: string, follow = true): Inode {
    const { inode } = this.#find(path, follow);
    if (inode === undefined) throw new FileError('ENOENT', path);
    return inode;
  }

  /** Absolute and free of links; the last name need not exist. @throws FileError */
  resolve(path: string): string {
    return this.#find(path, true).path;
  }

  /** @throws FileError */
  read(path: string): string {
    const inode = this.inode(path);
    switch (inode.kind) {
      case 'file':
        return inode.content;
      case 'virtual-file':
        return inode.read(this.machine);
      default:
        throw new FileError('EISDIR', path);
    }
  }

  /** The content, or undefined where there is no such file. */
  readIfThere(path: string): string | undefined {
    const inode = this.look(path);
    if (inode?.kind === 'file') return inode.content;
    return inode?.kind === 'virtual-file' ? inode.read(this.machine) : undefined;
  }

  /** Names in a folder, sorted. @throws FileError */
  list(path: string): string[] {
    const inode = this.inode(path);
    if (inode.kind === 'directory') return [...inode.entries.keys()].sort();
    if (inode.kind === 'virtual-directory') return [...inode.list(this.machine)].sort();
    throw new FileError('ENOTDIR', path);
  }

  isDirectory(path: string): boolean {
    const kind = this.look(path)?.kind;
    return kind === 'directory' || kind === 'virtual-directory';
  }

  /** The folder at an absolute path without links, as this host's own: what is shared on the way is copied. */
  #own(path: string): Directory {
    if (this.#root.frozen === true) this.#root = thaw(this.#root);
    let here = this.#root;
    for (const name of split(path)) {
      const next = here.entries.get(name);
      if (next === undefined) throw new FileError('ENOENT', path);
      if (next.kind !== 'directory')
        throw new FileError(next.kind === 'virtual-directory' ? 'EACCES' : 'ENOTDIR', path);
      if (next.frozen === true) {
        const own = thaw(next);
        here.entries.set(name, own);
        here = own;
      } else here = next;
    }
    return here;
  }

  #parentOf(path: string): [Directory, string] {
    const slash = path.lastIndexOf('/');
    return [this.#own(path.slice(0, slash)), path.slice(slash + 1)];
  }

  #charge(bytes: number, path: string): void {
    if (bytes > 0 && bytes > this.freeBytes && !path.startsWith('/run/')) throw new FileError('ENOSPC', path);
    if (!path.startsWith('/run/')) this.freeBytes -= bytes;
  }

  #changed(path: string): void {
    for (const { prefix, tell } of this.#watchers.slice()) if (path.startsWith(prefix)) tell(path);
  }

  /** A file that this host may write, made when there is none. @throws FileError */
  openForWriting(path: string, mode: number): File | Extract<Inode, { kind: 'virtual-file' }> {
    const { path: at, inode } = this.#find(path, true);
    if (inode?.kind === 'directory' || inode?.kind === 'virtual-directory') throw new FileError('EISDIR', path);
    if (inode?.kind === 'virtual-file') {
      if (inode.write === undefined) throw new FileError('EACCES', path);
      return inode;
    }
    if (inode?.kind === 'file' && inode.frozen !== true) return inode;
    const [parent, name] = this.#parentOf(at);
    const made = inode?.kind === 'file' ? thaw(inode) : file('', mode, this.machine.now());
    parent.entries.set(name, made);
    parent.modified = this.machine.now();
    this.#changed(at);
    return made;
  }

  /** Replaces what an open file holds, or adds to it. @throws FileError ENOSPC */
  store(path: string, target: File, content: string): void {
    this.#charge(content.length - target.content.length, path);
    target.content = content;
    target.modified = this.machine.now();
    if (this.#watchers.length > 0) this.#changed(this.resolve(path));
  }

  /** Writes a whole file. @throws FileError */
  write(path: string, content: string, mode = 0o644): void {
    const target = this.openForWriting(path, mode);
    if (target.kind === 'virtual-file') target.write?.(this.machine, content);
    else this.store(path, target, content);
  }

  append(path: string, content: string, mode = 0o644): void {
    const target = this.openForWriting(path, mode);
    if (target.kind === 'virtual-file') target.write?.(this.machine, content);
    else this.store(path, target, target.content + content);
  }

  /** @throws FileError */
  makeDirectory(path: string, mode = 0o755): void {
    const { path: at, inode } = this.#find(path, true);
    if (inode !== undefined) throw new FileError('EEXIST', path);
    this.#charge(4096, at);
    const [parent, name] = this.#parentOf(at);
    parent.entries.set(name, directory(mode, this.machine.now()));
    this.#changed(at);
  }

  /** Folders that are missing are made as well; one that is there is fine. @throws FileError */
  makeDirectories(path: string, mode = 0o755): void {
    let at = '';
    for (const name of split(path)) {
      at += `/${name}`;
      const inode = this.look(at);
      if (inode === undefined) this.makeDirectory(at, mode);
      else if (inode.kind !== 'directory' && inode.kind !== 'virtual-directory') throw new FileError('ENOTDIR', at);
    }
  }

  makeLink(target: string, path: string): void {
    const { path: at, inode } = this.#find(path, false);
    if (inode !== undefined) throw new FileError('EEXIST', path);
    const [parent, name] = this.#parentOf(at);
    parent.entries.set(name, link(target, this.machine.now()));
    this.#changed(at);
  }

  changeMode(path: string, mode: number): void {
    const found = this.#find(path, true);
    if (found.inode === undefined) throw new FileError('ENOENT', path);
    if (found.path === '/') return;
    const [parent, name] = this.#parentOf(found.path);
    const inode = parent.entries.get(name);
    if (inode?.kind === 'directory' || inode?.kind === 'file') {
      const own = inode.frozen === true ? thaw(inode) : inode;
      own.mode = mode;
      parent.entries.set(name, own);
    }
  }

  touch(path: string, modified = this.machine.now()): void {
    const inode = this.openForWriting(path, 0o644);
    if (inode.kind === 'file') inode.modified = modified;
  }

  /** Removes a file, a link or a folder with all in it. @throws FileError */
  remove(path: string): void {
    const { path: at, inode } = this.#find(path, false);
    if (inode === undefined) throw new FileError('ENOENT', path);
    if (at === '/') throw new FileError('EBUSY', path);
    const [parent, name] = this.#parentOf(at);
    this.freeBytes += sizeOf(inode);
    parent.entries.delete(name);
    parent.modified = this.machine.now();
    this.#changed(at);
  }

  /** @throws FileError */
  rename(from: string, to: string): void {
    const source = this.#find(from, false);
    if (source.inode === undefined) throw new FileError('ENOENT', from);
    const target = this.#find(to, false);
    if (source.path === target.path) return;
    if (target.inode?.kind === 'directory' && target.inode.entries.size > 0) throw new FileError('ENOTEMPTY', to);
    const [sourceParent, sourceName] = this.#parentOf(source.path);
    const moved = sourceParent.entries.get(sourceName) as Inode;
    sourceParent.entries.delete(sourceName);
    const [targetParent, targetName] = this.#parentOf(target.path);
    if (target.inode !== undefined) this.freeBytes += sizeOf(target.inode);
    targetParent.entries.set(targetName, moved);
    this.#changed(source.path);
    this.#changed(target.path);
  }

  /** Mounts an empty file system over a path, such as a tmpfs; what was there is gone. */
  mountEmpty(path: string, type: string, mode = 0o755): void {
    const [parent, name] = this.#parentOf(path);
    parent.entries.set(name, { ...directory(mode, this.machine.now()), mounted: type });
  }
}

const sizeOf = (inode: Inode): number => {
  if (inode.kind === 'file') return inode.content.length;
  if (inode.kind !== 'directory') return 0;
  let size = 0;
  for (const entry of inode.entries.values()) size += sizeOf(entry);
  return size;
};
