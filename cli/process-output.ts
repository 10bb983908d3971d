import { errorText } from '../model/failures/operator-error.js';
import type { Io } from './io.js';

/** Nobody reads any more: the reader of the pipe or socket has ended, the terminal is gone. */
const nobodyReads = new Set(['EPIPE', 'ECONNRESET', 'EIO']);

export interface ProcessOutput extends Pick<Io, 'out' | 'err'> {
  /**
   * Waits until everything is written that can be.
   *
   * @returns why results are missing on standard output, such as a full disk; undefined when they are there, or when
   *   nobody reads them any more.
   */
  readonly flush: () => Promise<string | undefined>;
}

/**
 * Standard output and standard error of this process. What cannot be written is lost and ends nothing: without a
 * listener a closed pipe would end the process, be it a worker under a log pipe that died or `quorate status | head`.
 */
export const processOutput = (): ProcessOutput => {
  const { stdout, stderr } = process;
  let problem: string | undefined;
  // These are for the whole process: loggers write to the same streams.
  stderr.on('error', () => {});
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!nobodyReads.has(error.code ?? '')) problem ??= errorText(error);
  });
  const written = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise((resolve) => {
      // The empty write comes after everything that was written; the events of those before it come before this.
      stream.write('', () => setImmediate(resolve));
    });
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    flush: async () => {
      await Promise.all([written(stdout), written(stderr)]);
      return problem;
    },
  };
};
