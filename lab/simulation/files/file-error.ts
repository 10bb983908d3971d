const words = {
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  ENOTEMPTY: 'Directory not empty',
  EACCES: 'Permission denied',
  EINVAL: 'Invalid argument',
  ENOSPC: 'No space left on device',
  EBUSY: 'Device or resource busy',
  ELOOP: 'Too many levels of symbolic links',
  EXDEV: 'Invalid cross-device link',
} as const;

export type FileErrorCode = keyof typeof words;

/** What the kernel says of a file operation, in the words of the C library. */
export class FileError extends Error {
  override readonly name = 'FileError';
  constructor(
    readonly code: FileErrorCode,
    readonly path: string,
  ) {
    super(`${path}: ${words[code]}`);
  }

  /** Without the path. */
  get words(): string {
    return words[this.code];
  }
}
