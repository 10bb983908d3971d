import { hostname, userInfo } from 'node:os';

/** What a command sees of the process it runs in; tests give their own. */
export interface Io {
  readonly env: Record<string, string | undefined>;
  /** Results: what a script would read. */
  readonly out: (text: string) => void;
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
