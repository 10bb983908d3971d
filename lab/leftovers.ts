// Clears what a lab has left on the machine: processes, disks, namespaces, control groups. Also after its owner died.
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { processesIn, removeGroups, removeParents, thawAll } from './control-groups.js';
import { diskFolders, loopDevicesOf } from './host/disk.js';
import { namespacesOf, processesInNamespace, removeNamespace, removeNamespaceFolder } from './network.js';
import { isAlive, LabInUseError, listOwners, lockClearing, readOwner, release, type Owner } from './ownership.js';
import { run } from './shell.js';
import { waitUntil } from './wait.js';

const KILL_TIMEOUT_MS = 30_000;
const CLEAR_TIMEOUT_MS = 60_000;

export const hostsFolder = (directory: string): string => join(directory, 'hosts');

/** Clears a lab whose owner is dead (or is this process); refuses if the owner is another process that is alive. */
export async function clearLab(owner: Owner): Promise<void> {
  if (owner.pid !== process.pid && isAlive(owner)) throw new LabInUseError(owner);
  let unlock: (() => void) | undefined;
  await waitUntil(() => (unlock = lockClearing(owner.name)) !== undefined, CLEAR_TIMEOUT_MS);
  if (unlock === undefined) throw new Error(`Another process has been clearing the lab "${owner.name}" for too long.`);
  try {
    // Whoever had the lock may have cleared it, and somebody may have started it anew.
    if (isDeepStrictEqual(readOwner(owner.directory), owner)) await clear(owner);
  } finally {
    unlock();
  }
}

async function clear(owner: Owner): Promise<void> {
  const hosts = existsSync(hostsFolder(owner.directory)) ? readdirSync(hostsFolder(owner.directory)) : [];
  await killAll(owner, hosts);
  await waitUntil(() => removeGroups(owner.controlGroups), 5_000);
  removeParents(owner.controlGroups);
  for (const namespace of namespacesOf(owner.name, hosts)) await removeNamespace(namespace);
  await removeNamespaceFolder();
  for (const host of hosts) {
    const { image } = diskFolders(join(hostsFolder(owner.directory), host));
    // A loop device goes with its last mount; one that was never mounted is let go here.
    await waitUntil(async () => {
      const devices = await loopDevicesOf(image);
      for (const device of devices) await run('losetup', ['-d', device]);
      return devices.length === 0;
    }, 10_000);
  }
  // The record goes last: whoever is killed here leaves something that can be cleared again.
  await rm(hostsFolder(owner.directory), { recursive: true, force: true });
  await rm(owner.directory, { recursive: true, force: true });
  release(owner.name, owner.directory);
}

/** Clears every lab whose owner is dead; returns their names. */
export async function clearDeadLabs(): Promise<string[]> {
  const dead = listOwners().filter((owner) => !isAlive(owner));
  for (const owner of dead) await clearLab(owner);
  return dead.map((owner) => owner.name);
}

async function killAll(owner: Owner, hosts: readonly string[]): Promise<void> {
  const gone = await waitUntil(async () => {
    thawAll(owner.controlGroups);
    const victims = new Set(processesIn(owner.controlGroups));
    for (const namespace of namespacesOf(owner.name, hosts)) {
      for (const pid of await processesInNamespace(namespace)) victims.add(pid);
    }
    for (const pid of victims) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
    return victims.size === 0;
  }, KILL_TIMEOUT_MS);
  if (!gone) throw new Error(`Some processes of the lab "${owner.name}" cannot be killed.`);
}
