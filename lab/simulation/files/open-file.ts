import { Description } from '../system/description.js';
import type { Machine } from '../system/machine.js';
import type { File, VirtualFile } from './inode.js';

/** A regular file that a process has open. */
export class OpenFile extends Description {
  #offset: number;

  constructor(
    private readonly machine: Machine,
    private readonly path: string,
    private readonly inode: File,
    private readonly mode: { readonly append: boolean },
  ) {
    super();
    this.#offset = 0;
  }

  protected override fill(): string | undefined {
    const text = this.inode.content.slice(this.#offset);
    this.#offset = this.inode.content.length;
    return text === '' ? undefined : text;
  }

  override write(text: string): void {
    const { content } = this.inode;
    const at = this.mode.append ? content.length : this.#offset;
    const next =
      at === content.length
        ? content + text
        : content.slice(0, at).padEnd(at, '\0') + text + content.slice(at + text.length);
    this.machine.files.store(this.path, this.inode, next);
    this.#offset = at + text.length;
  }

  /** Holds the lock of `flock`. */
  get file(): File {
    return this.inode;
  }
}

/** A file of /proc or /sys: a setting is taken when all of it has been written. */
export class OpenVirtualFile extends Description {
  #read = false;

  constructor(
    private readonly machine: Machine,
    private readonly inode: VirtualFile,
  ) {
    super();
  }

  protected override fill(): string | undefined {
    if (this.#read) return undefined;
    this.#read = true;
    return this.inode.read(this.machine) || undefined;
  }

  override write(text: string): void {
    this.inode.write?.(this.machine, text);
  }
}
