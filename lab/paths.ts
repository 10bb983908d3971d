// Where the lab keeps things.
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** A file that belongs to the lab's source, beside the code (also in dist/). */
export const labFile = (...parts: string[]): string => join(here, 'files', ...parts);

/** The Go sources of the programs that the lab builds. */
export const programSource = (...parts: string[]): string => join(here, 'programs', ...parts);

/** Index of the labs of this machine: one symbolic link per lab, to its folder. Ends with the machine's uptime. */
export const INDEX_FOLDER = '/run/quorate-lab';

type Environment = Record<string, string | undefined>;

function defaultCacheFolder(environment: Environment = process.env): string {
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'quorate', 'lab');
}

/** Folders in which archives of programs are looked for, the first one first. */
export function cacheFolders(environment: Environment = process.env): string[] {
  const given = environment['QUORATE_LAB_CACHE'];
  const fallback = defaultCacheFolder(environment);
  return given === undefined || given === '' ? [fallback] : [given, fallback];
}

/** The folder in which the lab keeps what it built: the first cache folder that may be written to. */
export function writableCacheFolder(environment: Environment = process.env): string {
  const folders = cacheFolders(environment);
  const folder = folders.find(isWritable) ?? defaultCacheFolder(environment);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The folder of one lab: disks, keys, sockets, logs. */
export function labFolder(name: string, environment: Environment = process.env): string {
  const state = environment['XDG_STATE_HOME'];
  return state === undefined || state === '' ? join('/var/tmp/quorate-lab', name) : join(state, 'quorate', 'lab', name);
}

/** root may write to anything, so the mode of the folder is asked as well: a folder without any `w` is meant to stay. */
function isWritable(folder: string): boolean {
  const nearest = nearestExisting(folder);
  try {
    accessSync(nearest, constants.W_OK);
    return (statSync(nearest).mode & 0o222) !== 0;
  } catch {
    return false;
  }
}

function nearestExisting(folder: string): string {
  return existsSync(folder) || folder === dirname(folder) ? folder : nearestExisting(dirname(folder));
}
