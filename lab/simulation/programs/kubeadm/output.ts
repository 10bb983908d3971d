import type { Process } from '../../system/process.js';

/** A phase of kubeadm has failed. */
class PhaseFailure extends Error {
  override readonly name = 'PhaseFailure';
  constructor(
    readonly phase: string,
    message: string,
  ) {
    super(message);
  }
}

/** kubeadm failed outside of a phase. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

export const say = (process: Process, ...lines: readonly string[]): void =>
  process.print(lines.map((line) => `${line}\n`).join(''));

/** Runs a command of kubeadm and ends as it does: the error in its words, and exit code 1. */
export const guarded = async (process: Process, work: () => Promise<number>): Promise<number> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PhaseFailure)
      process.complain(`error: error execution phase ${error.phase}: ${error.message}\n`);
    else if (error instanceof CommandFailure) process.complain(`error: ${error.message}\n`);
    else throw error;
    process.complain('To see the stack trace of this error execute with --v=5 or higher\n');
    return 1;
  }
};

/** Runs a phase: what fails in it is that phase's failure. */
export const inPhase = async <T>(phase: string, work: () => Promise<T> | T): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandFailure) throw new PhaseFailure(phase, error.message);
    throw error;
  }
};

/** A duration as Go prints it. */
export const goDuration = (milliseconds: number): string =>
  milliseconds < 1000 ? `${milliseconds.toFixed(6)}ms` : `${(milliseconds / 1000).toFixed(9)}s`;
