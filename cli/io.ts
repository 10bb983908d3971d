import { hostname, userInfo } from 'node:os';
import { printable } from '../model/printable.js';

/** What a command sees of the process it runs in; tests give their own. */
export interface Io {
  readonly env: Record<string, string | undefined>;
  /** Results: what a script would read. */
  readonly out: (text: string) => void;
  /** As `out`, for what draws on a terminal by escape sequences; what it holds beside them is printable. */
  readonly draw?: (text: string) => void;
  /** Everything else: progress notes, errors. */
  readonly err: (text: string) => void;
  /** Width of the terminal that `out` is, at this moment; absent when it is none, or one that does not know its size. */
  readonly columns?: number | undefined;
  /** Its height. */
  readonly rows?: number | undefined;
  /** ^C: nobody waits for an answer any more, and who watches an operation ends that; the operation goes on. */
  readonly signal: AbortSignal;
}

/**
 * Of this process. A command that has not asked for `signal` yet is ended by ^C as any program is.
 *
 * @param output where its output goes.
 */
export const processIo = ({ out, err }: Pick<Io, 'out' | 'err'>): Io => {
  const { stdout, env } = process;
  const isTerminal = stdout.isTTY && env['TERM'] !== 'dumb';
  let interrupt: AbortController | undefined;
  /** Sizes change while a command runs. A terminal of 0 x 0, such as a serial console, does not know its own. */
  const size = (count: number): number | undefined => (isTerminal && count > 0 ? count : undefined);
  return {
    env,
    out,
    err,
    get columns() {
      return size(stdout.columns);
    },
    get rows() {
      return size(stdout.rows);
    },
    get signal() {
      if (interrupt === undefined) {
        const made = new AbortController();
        process.once('SIGINT', () => made.abort());
        interrupt = made;
      }
      return interrupt.signal;
    },
  };
};

/**
 * The same, with everything that cannot be seen escaped in what is written: whatever a host, a person or a server has put
 * into a text, it steers no terminal. Only what is drawn is left as it is.
 */
export const guarded = (io: Io): Io => ({
  env: io.env,
  out: (text) => io.out(printable(text, '\n')),
  draw: io.out,
  err: (text) => io.err(printable(text, '\n')),
  get columns() {
    return io.columns;
  },
  get rows() {
    return io.rows;
  },
  get signal() {
    return io.signal;
  },
});

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
