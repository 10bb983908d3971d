import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { matchesPattern } from './pattern.js';

const entries = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};

/** Files that an absolute path with `*` and `?` in any of its parts names, sorted; hidden ones only for a pattern that begins with a dot. */
export const expandGlob = (pattern: string): readonly string[] => {
  let found = ['/'];
  for (const part of pattern.split('/').filter((text) => text !== '')) {
    const isPattern = /[*?]/.test(part);
    found = found.flatMap((folder) => {
      if (!isPattern) return [join(folder, part)];
      return entries(folder)
        .filter((name) => matchesPattern(part, name) && (part.startsWith('.') || !name.startsWith('.')))
        .map((name) => join(folder, name));
    });
  }
  return found.filter((path) => existsSync(path));
};
