import { FileError } from '../files/file-error.js';
import { Exit, ShellError } from './control.js';
import type { Shell } from './shell.js';

/** dash's own words. */
const openingWords = (error: FileError): string => (error.code === 'ENOENT' ? 'No such file' : error.words);

/** What the shell says of a file that it could not open; it ends a special builtin's shell. */
export const failedRedirection = (shell: Shell, error: unknown, special = false): number => {
  if (error instanceof FileError && error.code === 'ENOSPC' && !special) {
    shell.complain(`I/O error: ${error.words}`);
    return 1;
  }
  if (error instanceof FileError) {
    const cannot = shell.dialect === 'sh' ? `cannot open ${error.path}: ${openingWords(error)}` : error.message;
    shell.complain(cannot);
    if (special && shell.dialect === 'sh') throw new Exit(2);
    return shell.dialect === 'sh' ? 2 : 1;
  }
  if (error instanceof ShellError && shell.dialect === 'bash') {
    for (const line of error.message.split('\n')) shell.complain(line);
    return error.status;
  }
  throw error;
};
