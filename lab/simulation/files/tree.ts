import { directory, file, link } from './inode.js';
import type { Directory, Inode } from './inode.js';

/** Builds the tree that the hosts of one kind share. */
export class TreeBuilder {
  readonly root = directory();

  folder(path: string, mode = 0o755): Directory {
    let here = this.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      let next = here.entries.get(name);
      if (next === undefined) {
        next = directory(mode);
        here.entries.set(name, next);
      }
      if (next.kind !== 'directory') throw new Error(`${path} is not a folder`);
      here = next;
    }
    return here;
  }

  put(path: string, inode: Inode): this {
    const slash = path.lastIndexOf('/');
    this.folder(path.slice(0, slash)).entries.set(path.slice(slash + 1), inode);
    return this;
  }

  file(path: string, content: string, mode = 0o644): this {
    return this.put(path, file(content, mode));
  }

  link(path: string, target: string): this {
    return this.put(path, link(target));
  }

  /** The tree, which nobody changes any more. */
  freeze(): Directory {
    freeze(this.root);
    return this.root;
  }
}

const freeze = (inode: Inode): void => {
  if (inode.kind !== 'directory' && inode.kind !== 'file') return;
  Object.assign(inode, { frozen: true });
  if (inode.kind === 'directory') for (const entry of inode.entries.values()) freeze(entry);
};
