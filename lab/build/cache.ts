// Looks for ready-made programs: what an earlier run built or unpacked, or an archive somebody put in a cache folder.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface CachedProgram {
  path: string;
  sha256: string;
}

const programsFolder = (writable: string): string => join(writable, 'programs');

/** A program that is ready in the writable cache folder. */
export function findReady(name: string, writable: string): CachedProgram | undefined {
  const path = join(programsFolder(writable), name);
  if (!existsSync(path) || !existsSync(`${path}.sha256`)) return undefined;
  return { path, sha256: readFileSync(`${path}.sha256`, 'utf8').trim() };
}

/** An archive of the program in one of the folders, if its checksum is known there. */
export function findArchive(name: string, folders: readonly string[]): { path: string; sha256: string } | undefined {
  for (const folder of folders) {
    const path = join(folder, `${name}.xz`);
    if (!existsSync(path)) continue;
    const sha256 = readSums(join(folder, 'SHA256SUMS')).get(name);
    if (sha256 !== undefined) return { path, sha256 };
  }
  return undefined;
}

/** Lines of `sha256sum`: the sum, a space, a space or `*`, the name. */
function readSums(path: string): Map<string, string> {
  const sums = new Map<string, string>();
  if (!existsSync(path)) return sums;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line.trimEnd());
    if (match?.[1] !== undefined && match[2] !== undefined) sums.set(match[2], match[1]);
  }
  return sums;
}

/** Unpacks an archive into the writable cache folder; throws and leaves nothing if its content is not what was summed. */
export async function unpack(
  name: string,
  archive: { path: string; sha256: string },
  writable: string,
): Promise<CachedProgram> {
  await mkdir(programsFolder(writable), { recursive: true });
  const partial = join(programsFolder(writable), `${name}.partial-${process.pid}`);
  try {
    const output = await open(partial, 'w');
    try {
      const xz = spawn('xz', ['-dc', archive.path], { stdio: ['ignore', output.fd, 'pipe'] });
      let said = '';
      xz.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [code] = (await once(xz, 'close')) as [number | null];
      if (code !== 0) throw new Error(`Cannot unpack ${archive.path}: ${said.trim()}`);
    } finally {
      await output.close();
    }
    const sha256 = await sumOf(partial);
    if (sha256 !== archive.sha256) {
      throw new Error(
        `${archive.path} unpacks to a file with SHA-256 ${sha256}, but SHA256SUMS beside it says ${archive.sha256}. Remove the archive, or fetch it again.`,
      );
    }
    return await keep(name, partial, writable);
  } finally {
    await rm(partial, { force: true });
  }
}

/** Moves a finished executable into the cache folder. */
export async function keep(name: string, executable: string, writable: string): Promise<CachedProgram> {
  await mkdir(programsFolder(writable), { recursive: true });
  const path = join(programsFolder(writable), name);
  const sha256 = await sumOf(executable);
  await chmod(executable, 0o755);
  await writeFile(`${path}.sha256`, `${sha256}\n`);
  await rename(executable, path);
  return { path, sha256 };
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
