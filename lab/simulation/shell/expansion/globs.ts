import type { Process } from '../../system/process.js';
import { joinPath } from '../../files/file-system.js';
import { isPattern, matchesName, unescapePattern } from './patterns.js';
import type { Pattern } from './patterns.js';

/** The paths that a pattern matches, sorted; none when it matches nothing. */
export const expandPathnames = (process: Process, pattern: Pattern): string[] => {
  const { files } = process.machine;
  const absolute = pattern.startsWith('/');
  const parts = splitPattern(pattern);
  const directoriesOnly = pattern.endsWith('/') && parts.length > 0;
  let found: string[] = [absolute ? '/' : ''];
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    const next: string[] = [];
    for (const base of found) {
      const folder = joinPath(process.directory, base === '' ? '.' : base);
      if (!isPattern(part)) {
        const path = base + unescapePattern(part);
        if (files.look(joinPath(process.directory, path), false) !== undefined) next.push(last ? path : `${path}/`);
        continue;
      }
      if (!files.isDirectory(folder)) continue;
      for (const name of files.list(folder)) {
        if (!matchesName(part, name)) continue;
        const path = base + name;
        if (last && !directoriesOnly) next.push(path);
        else if (files.isDirectory(joinPath(process.directory, path))) next.push(`${path}/`);
      }
    }
    found = next;
  }
  return found.sort();
};

/** At the slashes that are outside of brackets. */
const splitPattern = (pattern: Pattern): Pattern[] => pattern.split('/').filter((part) => part !== '');
