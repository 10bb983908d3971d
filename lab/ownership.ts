// Which process a lab belongs to. A lab lives as long as its owner; what a dead owner left may be cleared by anyone.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { INDEX_FOLDER } from './paths.js';

const ownerSchema = z.object({
  name: z.string(),
  directory: z.string(),
  pid: z.number().int(),
  /** Start of the process in clock ticks since boot: a pid alone may be somebody else's by now. */
  startTime: z.string(),
  bootId: z.string(),
  /** Number N of the subnet 10.203.N.0/24. */
  subnet: z.number().int(),
  /** Folder of the lab in every control-group hierarchy. */
  controlGroups: z.array(z.string()),
});
export type Owner = z.infer<typeof ownerSchema>;

/** The lab is in use by another process that is alive. */
export class LabInUseError extends Error {
  constructor(readonly owner: Owner) {
    super(
      `The lab "${owner.name}" is in use by process ${owner.pid} (${commandOf(owner.pid)}). Let it take the lab down, end it, or choose another name.`,
    );
    this.name = 'LabInUseError';
  }
}

const ownerFile = (directory: string): string => join(directory, 'owner.json');

export function describeSelf(): Pick<Owner, 'pid' | 'startTime' | 'bootId'> {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', bootId: bootId() };
}

export function readOwner(directory: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(ownerFile(directory), 'utf8')));
  } catch {
    return undefined;
  }
}

export function isAlive(owner: Pick<Owner, 'pid' | 'startTime' | 'bootId'>): boolean {
  return owner.bootId === bootId() && startTimeOf(owner.pid) === owner.startTime;
}

/** The owner recorded for this name or folder, whichever is known. */
export function findOwner(name: string, directory: string, index = INDEX_FOLDER): Owner | undefined {
  const link = join(index, name);
  const known = readLink(link);
  return (known === undefined ? undefined : readOwner(known)) ?? readOwner(directory);
}

/** Makes this process the owner; throws if another process was quicker. Whoever owned it before must be cleared. */
export function claim(owner: Owner, index = INDEX_FOLDER): void {
  mkdirSync(index, { recursive: true });
  mkdirSync(owner.directory, { recursive: true, mode: 0o700 });
  try {
    // The record is made whole or not at all, and only by one: exclusive creation is the lock.
    writeFileSync(ownerFile(owner.directory), JSON.stringify(owner, undefined, 2), { flag: 'wx', mode: 0o600 });
    symlinkSync(owner.directory, join(index, owner.name));
  } catch (error) {
    const other = findOwner(owner.name, owner.directory, index);
    if (other !== undefined && !(other.pid === owner.pid && other.directory === owner.directory)) {
      throw new LabInUseError(other);
    }
    throw error;
  }
}

/**
 * Takes the right to clear this lab, so that nobody clears what somebody else has just started anew. Undefined if
 * another process that is alive has it; else a function that gives it back.
 */
export function lockClearing(name: string, index = INDEX_FOLDER): (() => void) | undefined {
  mkdirSync(index, { recursive: true });
  const lock = join(index, `.${name}.clearing`);
  const content = JSON.stringify(describeSelf());
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(lock, content, { flag: 'wx' });
      return () => {
        rmSync(lock, { force: true });
        removeIfEmpty(index);
      };
    } catch {
      const holder = readProcess(lock);
      if (holder !== undefined && isAlive(holder)) return undefined;
      rmSync(lock, { force: true });
    }
  }
  return undefined;
}

/** Forgets the owner of a lab that is down. */
export function release(name: string, directory: string, index = INDEX_FOLDER): void {
  rmSync(ownerFile(directory), { force: true });
  if (readLink(join(index, name)) === directory) rmSync(join(index, name), { force: true });
  removeIfEmpty(index);
}

/** All labs that the machine knows of. */
export function listOwners(index = INDEX_FOLDER): Owner[] {
  if (!existsSync(index)) return [];
  return readdirSync(index).flatMap((name) => {
    const directory = readLink(join(index, name));
    const owner = directory === undefined ? undefined : readOwner(directory);
    return owner === undefined ? [] : [owner];
  });
}

/** A subnet number that no lab uses: the machine's main lab gets 0, others the lowest from 1. */
export function chooseSubnet(preferred: number, index = INDEX_FOLDER): number {
  const taken = new Set(listOwners(index).map((owner) => owner.subnet));
  for (let subnet = preferred; subnet < 256; subnet += 1) if (!taken.has(subnet)) return subnet;
  throw new Error('All subnets of labs (10.203.0.0/24 to 10.203.255.0/24) are in use.');
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and brackets. A zombie counts as gone. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function removeIfEmpty(index: string): void {
  try {
    rmdirSync(index);
  } catch {
    // Another lab uses it, or nobody ever did.
  }
}

function readProcess(path: string): Pick<Owner, 'pid' | 'startTime' | 'bootId'> | undefined {
  try {
    return ownerSchema.pick({ pid: true, startTime: true, bootId: true }).parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\u0000', ' ').trim().slice(0, 120);
  } catch {
    return 'ended meanwhile';
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
