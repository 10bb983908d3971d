import { execFile } from 'node:child_process';

/** How a local program ended; `code` is absent when it could not be started or was ended by a signal. */
export interface ProgramResult {
  readonly code?: number;
  readonly stdout: string;
  /** Standard error, or why the program could not be started. */
  readonly stderr: string;
}

/** Runs a local program without a shell; never rejects. `timeoutMs` bounds it (default 10 000). */
export const runProgram = (
  file: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<ProgramResult> =>
  new Promise((resolve) => {
    execFile(
      file,
      [...args],
      { env: options.env ?? process.env, timeout: options.timeoutMs ?? 10_000, maxBuffer: 4 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
        else if (error.killed === true) resolve({ stdout, stderr: `${stderr}\ndid not end in time`.trim() });
        else resolve({ stdout, stderr: stderr === '' ? error.message : stderr });
      },
    );
  });

/** The last line that says something, for messages. */
export const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.trim() ?? '';
