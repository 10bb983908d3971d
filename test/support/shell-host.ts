import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandEnd, Host, RunOptions } from '../../adapters/ssh/types.js';

export interface ShellHost extends Host {
  /** A folder of this host alone; `$FOLDER` in its scripts and programs. */
  readonly folder: string;
  /** Puts a program first in the PATH; `body` is a POSIX shell script. */
  program(name: string, body: string): void;
  /** Ends what its scripts left running, and removes the folder. */
  close(): void;
}

/**
 * A host whose scripts really run, with /bin/sh on this machine and programs of the test's own first in the PATH.
 * `rewrite` may turn paths of a real host into paths below the folder: for scripts that would otherwise touch this machine.
 */
export const shellHost = (
  options: { name?: string; rewrite?: (script: string, folder: string) => string } = {},
): ShellHost => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-shell-host-'));
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  const groups = new Set<number>();

  const run = (script: string, { stdin, timeoutMs = 30_000, signal, onStdout }: RunOptions = {}) =>
    new Promise<Awaited<ReturnType<Host['run']>>>((resolve, reject) => {
      const child = spawn('/bin/sh', ['-c', notInRoot(options.rewrite?.(script, folder) ?? script)], {
        env: { PATH: `${programs}:${process.env['PATH'] ?? ''}`, LC_ALL: 'C', HOME: folder, FOLDER: folder },
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      if (child.pid !== undefined) groups.add(child.pid);
      let stdout = '';
      let stderr = '';
      let early: CommandEnd | undefined;
      const settle = (end: CommandEnd): void => {
        early ??= end;
        clearTimeout(timer);
        resolve({ end: early, stdout, stderr, truncated: false });
      };
      // As with SSH, only the channel goes: the command runs on until it writes to it.
      const leave = (end: CommandEnd): void => {
        child.stdout.destroy();
        child.stderr.destroy();
        settle(end);
      };
      const timer = setTimeout(() => leave({ kind: 'timeout' }), timeoutMs);
      signal?.addEventListener('abort', () => leave({ kind: 'aborted' }), { once: true });
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        stdout += chunk;
        onStdout?.(chunk);
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
      child.on('error', reject);
      child.on('close', (code, killedBy) => {
        settle(killedBy === null ? { kind: 'exited', code: code ?? -1 } : { kind: 'signaled', signal: killedBy });
      });
      child.stdin.on('error', () => {}); // the script need not read its input
      child.stdin.end(stdin ?? '');
    });

  return {
    name: options.name ?? 'host1',
    folder,
    run,
    program: (name, body) => {
      // A link to a program of the machine must be replaced, never written through.
      rmSync(join(programs, name), { force: true });
      writeFileSync(join(programs, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(programs, name), 0o755);
    },
    close: () => {
      for (const group of groups) {
        try {
          process.kill(-group, 'SIGKILL');
        } catch {
          // gone already
        }
      }
      // Units of the fake systemd run in sessions of their own: nothing of a test outlives it.
      const units = join(folder, 'units');
      for (const unit of existsSync(units) ? readdirSync(units) : []) {
        const file = join(units, unit, 'pid');
        if (existsSync(file) && !existsSync(join(units, unit, 'code'))) endProcess(Number(readFileSync(file, 'utf8')));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/**
 * Gives a host a clock that somebody sets by so many seconds after it was read once: `date` tells the time of this
 * machine once, and the other from then on.
 */
export const setClock = (host: ShellHost, seconds: number): void =>
  host.program(
    'date',
    `[ -e "$FOLDER/clock-was-read" ] || { : > "$FOLDER/clock-was-read"; exec /bin/date "$@"; }
exec /bin/date --date='${seconds < 0 ? '-' : '+'}${Math.abs(seconds)} seconds' "$@"`,
  );

const endProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
};

/** Scripts for hosts work in `/`; one that destroys would do it on this machine. @throws Error when a script would */
const notInRoot = (script: string): string => {
  if (/(^|[;&|({`])\s*cd \/(\s|;|$)/m.test(script))
    throw new Error(`this script would work in / of this machine:\n${script}`);
  return script;
};

/** A script for hosts, which work in `/`, as it works in a folder instead. */
export const workingIn = (script: string, folder: string): string =>
  script.replaceAll(/^(\s*)cd \/ /gm, `$1cd ${folder} `);
