// The control groups of a lab, in every hierarchy of the machine.
import { existsSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const PARENT = 'quorate-lab';

/** The folder of a lab in every hierarchy that is mounted. */
export function controlGroupsOf(lab: string): string[] {
  return hierarchies().map((hierarchy) => join(ROOT, hierarchy, ownPath(hierarchy), PARENT, lab));
}

/** Whether the hosts can be frozen and limited the way the lab does it. */
export const hasControlGroupsV1 = (): boolean => existsSync(join(ROOT, 'freezer', 'tasks'));

export function setFrozen(freezerGroup: string, frozen: boolean): void {
  writeFileSync(join(freezerGroup, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
}

export const freezerOf = (groups: readonly string[]): string => {
  const freezer = groups.find((group) => group.startsWith(join(ROOT, 'freezer')));
  if (freezer === undefined) throw new Error('The machine has no freezer control group (cgroup v1).');
  return freezer;
};

/** All processes in these groups and below. */
export function processesIn(groups: readonly string[]): number[] {
  const found = new Set<number>();
  for (const group of groups) {
    for (const folder of foldersBelow(group)) {
      for (const line of readText(join(folder, 'cgroup.procs')).split('\n')) if (line !== '') found.add(Number(line));
    }
  }
  found.delete(0);
  found.delete(process.pid);
  return [...found];
}

/** Lets processes of frozen groups go on: a frozen process cannot even be killed. */
export function thawAll(groups: readonly string[]): void {
  for (const group of groups.filter((path) => path.startsWith(join(ROOT, 'freezer')))) {
    for (const folder of foldersBelow(group)) {
      try {
        setFrozen(folder, false);
      } catch {
        // It is gone already.
      }
    }
  }
}

/** Removes the groups and all below; says whether all are gone. Groups with living processes stay. */
export function removeGroups(groups: readonly string[]): boolean {
  for (const group of groups) for (const folder of foldersBelow(group).toReversed()) removeFolder(folder);
  return groups.every((group) => !existsSync(group));
}

/** Removes the folder that all labs share once the last one is gone. */
export function removeParents(groups: readonly string[]): void {
  for (const group of groups) removeFolder(dirname(group));
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Gone, or still in use: the caller looks.
  }
}

function foldersBelow(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
  return [folder, ...names.flatMap((name) => foldersBelow(join(folder, name)))];
}

function hierarchies(): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, target, type]) =>
      (type === 'cgroup' || type === 'cgroup2') && target !== undefined && target.startsWith(`${ROOT}/`)
        ? [target.slice(ROOT.length + 1)]
        : [],
    );
}

/** Memory stays accounted to whoever started the lab; the other controllers start at the top. */
function ownPath(hierarchy: string): string {
  if (hierarchy !== 'memory') return '';
  const line = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .find((entry) => entry.split(':')[1] === 'memory');
  const path = line?.split(':').slice(2).join(':') ?? '/';
  return path.split(`/${PARENT}/`)[0] ?? '/';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
