// The disk of a host: one ext4 image, written with what makes this host itself.
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { labFile } from '../paths.js';
import { DISK_SIZE } from '../build/packages.js';
import { check, run } from '../shell.js';
import { waitUntil } from '../wait.js';

export interface Seed {
  hostName: string;
  address: string;
  nameServer: string;
  /** Public key that root and ops accept. */
  authorizedKey: string;
  /** Folder with ssh_host_ed25519_key and its .pub. */
  hostKeys: string;
}

export interface DiskFolders {
  image: string;
  /** Where the disk is mounted, in the host's own mount namespace only. */
  mount: string;
  root: string;
  seed: string;
}

export const diskFolders = (directory: string): DiskFolders => ({
  image: join(directory, 'disk.img'),
  mount: join(directory, 'disk'),
  root: join(directory, 'root'),
  seed: join(directory, 'seed'),
});

/** Makes the disk anew; `golden` is a disk to start from. */
export async function makeDisk(directory: string, seed: Seed, golden: string | undefined): Promise<void> {
  const folders = diskFolders(directory);
  await mkdir(folders.mount, { recursive: true });
  await mkdir(folders.root, { recursive: true });
  await writeSeed(folders.seed, seed);
  await check('unshare', [
    '--mount',
    '--propagation=slave',
    'sh',
    labFile('make-disk.sh'),
    folders.image,
    folders.mount,
    folders.seed,
    DISK_SIZE,
    golden ?? '',
  ]);
  await rm(folders.seed, { recursive: true });
}

/** A disk is free again once no mount namespace holds it. */
export async function waitUntilFree(directory: string, timeoutMs: number): Promise<boolean> {
  const { image } = diskFolders(directory);
  return waitUntil(async () => !existsSync(image) || (await loopDevicesOf(image)).length === 0, timeoutMs);
}

/** Loop devices whose file is this image. */
export async function loopDevicesOf(image: string): Promise<string[]> {
  const outcome = await run('losetup', ['-j', image, '--noheadings', '--output', 'NAME']);
  return outcome.stdout.split('\n').filter((line) => line !== '');
}

async function writeSeed(folder: string, seed: Seed): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const put = async (path: string, content: string, mode = 0o644): Promise<void> => {
    await writeFile(join(folder, path), content);
    await chmod(join(folder, path), mode);
  };
  for (const [path, mode] of [
    ['', 0o755],
    ['etc', 0o755],
    ['etc/ssh', 0o755],
    ['root', 0o700],
    ['root/.ssh', 0o700],
    ['home', 0o755],
    ['home/ops', 0o755],
    ['home/ops/.ssh', 0o700],
  ] as const) {
    await mkdir(join(folder, path), { recursive: true });
    await chmod(join(folder, path), mode);
  }
  await put('etc/hostname', `${seed.hostName}\n`);
  await put('etc/hosts', `127.0.0.1 localhost\n::1 localhost\n${seed.address} ${seed.hostName}\n`);
  // Nothing answers there, and at once: CoreDNS wants a name server to forward to.
  await put('etc/resolv.conf', `nameserver ${seed.nameServer}\n`);
  for (const home of ['root', 'home/ops']) await put(`${home}/.ssh/authorized_keys`, seed.authorizedKey, 0o600);
  await check('cp', [
    join(seed.hostKeys, 'ssh_host_ed25519_key'),
    join(seed.hostKeys, 'ssh_host_ed25519_key.pub'),
    join(folder, 'etc/ssh'),
  ]);
  await chmod(join(folder, 'etc/ssh/ssh_host_ed25519_key'), 0o600);
}
