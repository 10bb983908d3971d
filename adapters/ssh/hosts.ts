import { userInfo } from 'node:os';
import { QuorateError } from '../../model/failures/failure.js';
import { sshName } from '../../model/ssh-name.js';
import type { ConfigContext, Destination } from './config/client-config.js';
import { noSession, unreachable } from './connection/connect-failure.js';
import { createPool } from './connection/pool.js';
import { NotStarted, runCommand, SessionRefused } from './run-command.js';
import { shellCommand } from './shell-command.js';
import { requireSudo } from './sudo.js';
import type { CommandEnd, CommandOutcome, Host, Hosts, RunOptions } from './types.js';

export interface HostsOptions {
  /**
   * An OpenSSH client configuration file; then it is the only one, as with `ssh -F`.
   * Default: ~/.ssh/config where it exists, then /etc/ssh/ssh_config.
   */
  readonly configFile?: string | undefined;
  /** A dead connection is noticed after about this time × `keepaliveCountMax`; default 5 000 ms. */
  readonly keepaliveIntervalMs?: number | undefined;
  /** Default 3. */
  readonly keepaliveCountMax?: number | undefined;
  /** For TCP connection, handshake and login; default 10 000 ms. `ConnectTimeout` of a host goes before it. */
  readonly readyTimeoutMs?: number | undefined;
  /** A connection that nobody uses is closed after this time; default 60 000 ms. */
  readonly idleMs?: number | undefined;
  /**
   * Commands at a time over one connection, the others wait; default 8 (sshd's MaxSessions is 10). Where a host grants
   * fewer over each, it is the bound for all of its connections.
   */
  readonly maxSessions?: number | undefined;
  /** Connections to one host at a time, those too that are kept for commands that were given up; default 8. */
  readonly maxConnections?: number | undefined;
  /** Home directory for `~`; default the user's own, as `ssh` takes it. */
  readonly home?: string | undefined;
  /** For SSH_AUTH_SOCK and `${NAME}`; default this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

const defaultTimeoutMs = 30_000;

/** Settles what waits for a host: a deadline and the caller's own signal, told apart by the reason. */
const createStop = (timeoutMs: number, signal: AbortSignal | undefined) => {
  const controller = new AbortController();
  const stopBy = (end: CommandEnd) => (): void => controller.abort(end);
  const onAbort = stopBy({ kind: 'aborted' });
  const timer = setTimeout(stopBy({ kind: 'timeout' }), timeoutMs);
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted === true) onAbort();
  return {
    signal: controller.signal,
    dispose: (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
};

/** The promise's value, or undefined when `stop` comes first. */
const unlessStopped = async <T>(promise: Promise<T>, stop: AbortSignal): Promise<T | undefined> => {
  let stopped = (): void => undefined;
  const stopping = new Promise<undefined>((resolve) => {
    stopped = () => resolve(undefined);
    stop.addEventListener('abort', stopped);
    if (stop.aborted) stopped();
  });
  try {
    return await Promise.race([promise, stopping]);
  } finally {
    stop.removeEventListener('abort', stopped);
  }
};

const unlessItThrows = <T>(work: () => T, giveBack: () => void): T => {
  try {
    return work();
  } catch (error) {
    giveBack();
    throw error;
  }
};

const withoutOutput = (end: CommandEnd): CommandOutcome => ({ end, stdout: '', stderr: '', truncated: false });

/**
 * Hosts as the operator's `ssh` finds them: by its configuration, keys, agent and known_hosts, through jump hosts and
 * proxy commands. Never a password; the agent is never forwarded; an unknown host key is always refused.
 * One connection per host where that grants sessions enough, opened when first needed; the files are read anew for each.
 * What becomes of each keyword of ssh_config(5): docs/ssh.md.
 */
export const createHosts = (options: HostsOptions = {}): Hosts => {
  const context: ConfigContext = {
    configFile: options.configFile,
    home: options.home ?? userInfo().homedir,
    environment: options.environment ?? process.env,
  };
  const pool = createPool(
    {
      keepaliveIntervalMs: options.keepaliveIntervalMs ?? 5000,
      keepaliveCountMax: options.keepaliveCountMax ?? 3,
      readyTimeoutMs: options.readyTimeoutMs ?? 10_000,
      idleMs: options.idleMs ?? 60_000,
      maxSessions: options.maxSessions ?? 8,
      maxConnections: options.maxConnections ?? 8,
    },
    context,
  );

  const attempt = async (
    destination: Destination,
    script: string,
    run: RunOptions,
    stop: AbortSignal,
  ): Promise<CommandOutcome> => {
    const acquiring = pool.acquire(destination);
    const lease = await unlessStopped(acquiring, stop);
    if (lease === undefined) {
      const waited = pool.usage(destination);
      void acquiring.then(
        (late) => late.session.free(),
        () => undefined,
      );
      const end = stop.reason as CommandEnd;
      if (end.kind === 'aborted') return withoutOutput(end);
      const host = pool.place(destination);
      if (waited.waiting > 0) throw noSession(host, waited);
      throw unreachable(host, 'not connected before the deadline of the command');
    }
    const { connection, session } = lease;
    const { host } = connection;
    const privileged = run.privileged ?? true;
    const command = unlessItThrows(
      () => shellCommand(script, run.stdin ?? '', privileged, host.user),
      () => session.free(),
    );
    try {
      const outcome = await runCommand(connection, session, command, run, stop);
      return privileged && host.user !== 'root' ? requireSudo(host.name, host.user, outcome) : outcome;
    } catch (error) {
      if (!(error instanceof SessionRefused)) throw error;
      if (error.others > 0) lease.limitTo(error.others);
      const end = stop.aborted ? (stop.reason as CommandEnd) : undefined;
      if (end?.kind === 'timeout') throw noSession(host, pool.usage(destination));
      throw error;
    }
  };

  const run = async (
    destination: Destination,
    script: string,
    runOptions: RunOptions = {},
  ): Promise<CommandOutcome> => {
    if (runOptions.signal?.aborted === true) return withoutOutput({ kind: 'aborted' });
    const stop = createStop(runOptions.timeoutMs ?? defaultTimeoutMs, runOptions.signal);
    let died = false;
    try {
      for (;;) {
        try {
          return await attempt(destination, script, runOptions, stop.signal);
        } catch (error) {
          // Nothing was started. Another session may be free, or be got over another connection.
          if (error instanceof SessionRefused) continue;
          // A connection that had died unnoticed: a new one may try.
          if (!(error instanceof NotStarted)) throw error;
          if (died) throw unreachable(pool.place(destination), error.message, error);
          died = true;
        }
      }
    } finally {
      stop.dispose();
    }
  };

  return {
    host: (name): Host => {
      if (!sshName.test(name)) {
        throw new QuorateError('UnknownHost', `"${name}" cannot be the name of a host`, {
          host: name,
          remedy: 'correct the name in the specification: it is what `ssh NAME` takes',
        });
      }
      return { name, run: (script, runOptions) => run({ name }, script, runOptions) };
    },
    close: async () => {
      pool.close();
    },
  };
};
