import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../model/failures/operator-error.js';
import { stateFolder } from './user-folders.js';

const DevServer = z.object({
  pid: z.number().int().positive(),
  /** Start time of that process in clock ticks since boot, so that a pid used again is not taken for it. */
  startTime: z.string().optional(),
  address: z.string(),
  databaseFile: z.string(),
});
export type DevServer = z.infer<typeof DevServer>;

type Environment = Record<string, string | undefined>;

const folderOf = (env: Environment): string => join(stateFolder(env), 'dev');

/** Field 22 of /proc/PID/stat (proc(5)); undefined where there is no /proc. */
const startTimeOf = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold blanks.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
};

const isAlive = ({ pid, startTime }: DevServer): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startTime === undefined || startTimeOf(pid) === startTime;
};

const read = (file: string): DevServer | undefined => {
  try {
    return DevServer.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
};

/** The `quorate dev` processes of this user that are alive. */
export const runningDevServers = (env: Environment = process.env): DevServer[] => {
  let names: string[];
  try {
    names = readdirSync(folderOf(env));
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => read(join(folderOf(env), name)))
    .filter((server): server is DevServer => server !== undefined && isAlive(server));
};

/**
 * Claims a database file for this process: two servers on one SQLite file would corrupt each other's state. A claim
 * whose process is gone, also after `kill -9`, is taken over.
 *
 * @returns a function that gives the claim up.
 * @throws OperatorError (failed) when another `quorate dev` holds the file.
 */
export const claimDatabase = (
  claim: { address: string; databaseFile: string },
  env: Environment = process.env,
): (() => void) => {
  const folder = folderOf(env);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${createHash('sha256').update(claim.databaseFile).digest('hex').slice(0, 16)}.json`);
  const mine = `${file}.${process.pid}`;
  const startTime = startTimeOf(process.pid);
  const content: DevServer = { pid: process.pid, ...(startTime === undefined ? {} : { startTime }), ...claim };
  writeFileSync(mine, JSON.stringify(content), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      try {
        // Unlike a rename, a link fails when the name is taken.
        linkSync(mine, file);
        return () => rmSync(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = read(file);
      if (holder !== undefined && isAlive(holder)) {
        throw new OperatorError(
          'failed',
          `${claim.databaseFile} is in use by another \`quorate dev\` (pid ${holder.pid}, Temporal at ${holder.address}).`,
          {
            remedy: `Use that one, end it with \`kill ${holder.pid}\`, or choose another file with --db-file and another port with --port.`,
          },
        );
      }
      renameSync(file, `${mine}.stale`);
      rmSync(`${mine}.stale`, { force: true });
    }
    throw new OperatorError('failed', `${claim.databaseFile} could not be claimed: others claim it at the same time.`, {
      remedy: 'Run the command again.',
    });
  } finally {
    rmSync(mine, { force: true });
  }
};
