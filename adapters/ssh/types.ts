/** How a command on a host ended. `lost`, `timeout` and `aborted` say nothing about the command: it may still run. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signaled'; readonly signal: string }
  | { readonly kind: 'lost'; readonly cause: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' };

export interface CommandOutcome {
  readonly end: CommandEnd;
  /** Bounded: head and tail are kept, the middle is replaced by one line that says how much was cut. */
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

export interface RunOptions {
  /** Sent to the command's standard input, then the input is closed. Secrets go here and nowhere else. */
  readonly stdin?: string;
  /** Deadline in milliseconds; default 30 000. Settles locally: the command on the host may go on. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Run as root (through `sudo -n` unless the login is root); default true. */
  readonly privileged?: boolean;
  /** Bound of each of stdout and stderr in bytes; default 256 KiB. */
  readonly maxOutputBytes?: number;
  /** Replaced by `[redacted]` in the outcome before it leaves the adapter. */
  readonly secrets?: readonly string[];
  /** Called for each chunk of standard output as it arrives (redacted). */
  readonly onStdout?: (chunk: string) => void;
}

/** One host as the operator's `ssh NAME` finds it. */
export interface Host {
  readonly name: string;
  /**
   * Runs a POSIX shell script by `/bin/sh -c` with `LC_ALL=C`; never rejects for what the command does.
   * @throws QuorateError Unreachable, UnknownHost, HostKeyUnknown, HostKeyMismatch, AuthenticationFailed, SudoRefused
   *   when no command could be started.
   */
  run(script: string, options?: RunOptions): Promise<CommandOutcome>;
}

export interface Hosts {
  /** @throws QuorateError UnknownHost when the name is empty or starts with a dash. */
  host(name: string): Host;
  /** Closes every connection. Commands on hosts are not affected. */
  close(): Promise<void>;
}
