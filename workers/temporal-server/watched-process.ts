import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Starts the program behind it, tells its pid, and ends it when descriptor 3 closes. That is a pipe from our process:
 * however our process ends, also by `kill -9`, the kernel closes it, so the program never outlives us unseen. What the
 * program makes, such as its database, is for its user alone.
 */
export const guardian = `
umask 077
"$@" >&2 3<&- &
program=$!
echo "$program"
{ cat <&3 >/dev/null; kill -TERM "$program" 2>/dev/null; } &
watch=$!
wait "$program"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
`;

export interface WatchedProcess {
  readonly pid: number;
  /** Settles with the exit code when the program ended for whatever reason (128 + n after signal n). */
  readonly ended: Promise<number>;
  /** Sends SIGTERM, after `graceMs` (default 5 000) SIGKILL, and waits for the end. May be called twice. */
  readonly stop: (graceMs?: number) => Promise<void>;
  /** The last lines of its output. */
  readonly lastLines: (count: number) => string[];
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
};

/**
 * Runs a program in a session of its own (a ^C on the terminal reaches us, not the program, so that the worker can
 * still talk to it while it shuts down) with its output in `logFile`.
 *
 * @throws Error when the program cannot be started.
 */
export const startWatchedProcess = async (
  file: string,
  args: readonly string[],
  logFile: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<WatchedProcess> => {
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn('/bin/sh', ['-c', guardian, 'sh', file, ...args], {
    stdio: ['ignore', 'pipe', log, 'pipe'],
    detached: true,
    env,
  });
  closeSync(log);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => {
      child.stdio[3]?.destroy();
      resolve(code ?? 1);
    });
  });
  child.once('error', () => {});
  const { stdout } = child;
  if (stdout === null) throw new Error('no pipe to the guardian process');
  const [first] = (await Promise.race([
    once(stdout, 'data'),
    ended.then((code) => {
      throw new Error(`/bin/sh could not start ${file} (exit code ${code})`);
    }),
  ])) as [Buffer];
  stdout.destroy();
  const pid = Number.parseInt(first.toString('utf8'), 10);
  return {
    pid,
    ended,
    stop: async (graceMs = 5_000) => {
      signal(pid, 'SIGTERM');
      const inTime = await Promise.race([ended.then(() => true), sleep(graceMs, false, { ref: false })]);
      if (!inTime) signal(pid, 'SIGKILL');
      await ended;
    },
    lastLines: (count) => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-count),
  };
};
