import { spawn } from 'node:child_process';
import { QuorateError } from '../../../model/failures/failure.js';
import type { Environment } from './tokens.js';

/** Accounts of services have them, and nothing can be run by them. */
const noShell = /\/(nologin|false)$/;

/** The shell that `ssh` runs commands of the configuration by: the user's own. */
export const shellOf = (environment: Environment): string => {
  const shell = environment['SHELL'];
  return shell === undefined || shell === '' || noShell.test(shell) ? '/bin/sh' : shell;
};

const timeoutMs = 10_000;

/**
 * Whether a command of `Match exec` exits with 0; `place` is where it is written.
 * @throws QuorateError Unreachable when it does not end by itself in 10 s: without its answer no connection can be made.
 */
export const runsWell = (command: string, environment: Environment, place: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const child = spawn(shellOf(environment), ['-c', command], {
      stdio: 'ignore',
      env: { ...environment },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const fail = (why: string): void =>
      reject(
        new QuorateError('Unreachable', `the command of Match exec, ${place}, ${why}`, {
          remedy: 'run it by hand as the user of the worker; mend it, or name the hosts by Match host instead',
        }),
      );
    child.on('error', (error) => fail(`cannot be run (${error.message})`));
    child.on('exit', (code, signal) => {
      if (code !== null) resolve(code === 0);
      else fail(`did not end by itself (${signal}, after at most ${timeoutMs / 1000} s)`);
    });
  });
