import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../../model/failures/operator-error.js';

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

/** Field 22 of /proc/PID/stat, so that a pid used again is not taken for its holder; empty where there is no /proc. */
const startTimeOf = (pid: number): string => {
  const stat = read(`/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

/** Whether the process that wrote a lock is alive; a lock that cannot be read counts as held. */
const isHeld = (content: string): boolean => {
  const [pid, startTime] = content.split(' ');
  if (!/^\d+$/.test(pid ?? '')) return true;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return startTime === '' || startTimeOf(Number(pid)) === startTime;
};

/** Creates the lock file unless it exists. It is complete from the start: it is written before it gets its name. */
const take = (file: string, content: string): boolean => {
  const mine = `${file}.${randomUUID()}`;
  writeFileSync(mine, content, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
};

/** Removes the lock of a process that died. Under a second lock, so that nobody removes a new one. */
const removeStale = (file: string, content: string): void => {
  const guard = `${file}.stale`;
  if (!take(guard, content)) return;
  try {
    const found = read(file);
    if (found !== undefined && !isHeld(found)) rmSync(file, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
};

/**
 * Runs `work` while no other process does so under the same file name.
 *
 * @throws OperatorError (failed) when the others do not end within `patienceMs` (10 s).
 */
export const withFileLock = async <Result>(
  file: string,
  work: () => Result | Promise<Result>,
  patienceMs = 10_000,
): Promise<Result> => {
  const content = `${process.pid} ${startTimeOf(process.pid)} ${randomUUID()}`;
  const end = performance.now() + patienceMs;
  while (!take(file, content)) {
    const holder = read(file);
    if (holder !== undefined && !isHeld(holder)) removeStale(file, content);
    if (performance.now() > end) {
      throw new OperatorError('failed', `${file} is held by another process.`, {
        evidence: [`process ${holder?.split(' ')[0] ?? 'unknown'}`],
        remedy: `Run the command again. If no other \`quorate token\` runs, remove ${file} and ${file}.stale.`,
      });
    }
    await sleep(20 + Math.random() * 30);
  }
  try {
    return await work();
  } finally {
    if (read(file) === content) rmSync(file, { force: true });
  }
};
