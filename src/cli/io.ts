import { hostname, userInfo } from 'node:os';

/** What a command sees of the process it runs in; tests give their own. */
export interface Io {
  readonly env: Record<string, string | undefined>;
  /** Results: what a script would read. */
  readonly out: (text: string) => void;
  /** Everything else: progress notes, errors. */
  readonly err: (text: string) => void;
  /** Width of the terminal that `out` is, at this moment; absent when it is none. */
  readonly columns?: number;
  /** Its height. */
  readonly rows?: number;
  /** Ends watching; the operation goes on. */
  readonly signal: AbortSignal;
}

/** @param output where its output goes. */
export const processIo = ({ out, err }: Pick<Io, 'out' | 'err'>): Io => {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const { stdout } = process;
  const terminal = {
    get columns() {
      return stdout.columns;
    },
    get rows() {
      return stdout.rows;
    },
  };
  const io: Io = { env: process.env, out, err, signal: interrupt.signal };
  // Its size changes while a command runs.
  return stdout.isTTY && process.env['TERM'] !== 'dumb' ? Object.assign(terminal, io) : io;
};

/** Who is recorded as having asked or decided when `--by` does not say: user@machine. */
export const defaultBy = (): string => {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A user id without an entry in the user database, as in some containers.
    return `uid-${process.getuid?.() ?? 0}@${hostname()}`;
  }
};

/** Task queue of the workers: `QUORATE_TASK_QUEUE`, default `quorate`. */
export const taskQueueOf = (env: Io['env']): string => env['QUORATE_TASK_QUEUE'] || 'quorate';
