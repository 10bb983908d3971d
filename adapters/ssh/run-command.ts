import { StringDecoder } from 'node:string_decoder';
import type { ClientChannel } from 'ssh2';
import type { Connection } from './connection/connection.js';
import { createOutput } from './output.js';
import { createRedactor } from './redact.js';
import type { Session } from './connection/sessions.js';
import type { ShellCommand } from './shell-command.js';
import type { CommandEnd, CommandOutcome, RunOptions } from './types.js';

/** The connection ended before the host was asked to run anything: another connection may be tried. */
export class NotStarted extends Error {
  override readonly name = 'NotStarted';
}

/** The host granted no session: nothing was started, and another connection may be tried. */
export class SessionRefused extends Error {
  override readonly name = 'SessionRefused';
  /** `others`: how many sessions it has granted over this connection besides. */
  constructor(readonly others: number) {
    super(others === 0 ? 'it refuses every session' : `it grants no more than ${others} sessions over a connection`);
  }
}

const defaultMaxOutputBytes = 256 * 1024;

/** A command has exited, but something that it left behind keeps its output open: so long must that be silent. */
const graceMs = 200;

/** How long the library may take to tell what became of a request when the connection is lost. */
const verdictMs = 500;

/** The library's words for a session that was never opened, so that no command was sent. */
const neverAsked = /^(No response from server|Not connected)$/;

/** sshd forgets a session a moment after it has closed it: the first refusal may be of that moment. */
const channelRetryMs = { first: 50, last: 1000 };

const collect = (options: RunOptions, onText?: (text: string) => void) => {
  const redactor = createRedactor(options.secrets ?? []);
  const output = createOutput(options.maxOutputBytes ?? defaultMaxOutputBytes);
  const decoder = new StringDecoder('utf8');
  const take = (bytes: Buffer): void => {
    output.push(bytes);
    const text = onText === undefined ? '' : decoder.write(bytes);
    if (text !== '') onText?.(text);
  };
  return {
    push: (chunk: Buffer): void => take(redactor.push(chunk)),
    finish: () => {
      take(redactor.flush());
      return { text: output.text(), truncated: output.truncated };
    },
  };
};

/**
 * Runs one command in a session of a connection. `stop` settles it here whatever the host does; its reason is the
 * `CommandEnd`. The session is given back when the host has closed it, and abandoned when nobody waits for that.
 * @throws NotStarted when the connection ended before the host was asked.
 * @throws SessionRefused when the host refuses the session twice beside others of this connection, or up to the
 *   deadline without any.
 */
export const runCommand = (
  connection: Connection,
  session: Session,
  { command, stdin }: ShellCommand,
  options: RunOptions,
  stop: AbortSignal,
): Promise<CommandOutcome> =>
  new Promise((resolve, reject) => {
    const stdout = collect(options, options.onStdout);
    const stderr = collect(options);
    let channel: ClientChannel | undefined;
    let exit: CommandEnd | undefined;
    let settled = false;
    let asking = false;
    let refusals = 0;
    let timer: NodeJS.Timeout | undefined;

    const finish = (deliver: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      unsubscribe();
      if (asking) session.abandon();
      else if (channel === undefined) session.free();
      deliver();
    };
    const fail = (error: unknown): void => finish(() => reject(error));
    const settle = (end: CommandEnd): void =>
      finish(() => {
        try {
          const out = stdout.finish();
          const err = stderr.finish();
          resolve({ end, stdout: out.text, stderr: err.text, truncated: out.truncated || err.truncated });
        } catch (error) {
          reject(error);
        }
      });
    /** The session stays the host's until it says that it is closed. */
    const letGo = (): void => {
      if (channel === undefined) return;
      session.abandon();
      channel.close();
    };
    const onStop = (): void => {
      const end = stop.reason as CommandEnd;
      if (refusals > 0 && !asking && channel === undefined && end.kind === 'timeout') {
        const others = session.others();
        // Another connection may have more luck.
        if (others === 0) session.leak();
        return fail(new SessionRefused(others));
      }
      letGo();
      settle(exit ?? end);
    };
    const unsubscribe = connection.onLost((cause) => {
      session.free();
      if (channel !== undefined) return settle(exit ?? { kind: 'lost', cause });
      if (!asking) return fail(new NotStarted(cause));
      // The library is about to tell whether the host was asked. If it does not, it must be taken that it was.
      clearTimeout(timer);
      timer = setTimeout(() => settle({ kind: 'lost', cause }), verdictMs);
    });

    const awaitSilence = (): void => {
      if (exit === undefined || settled) return;
      const ended = exit;
      clearTimeout(timer);
      timer = setTimeout(() => {
        letGo();
        settle(ended);
      }, graceMs);
    };
    const take = (stream: { push(chunk: Buffer): void }) => (chunk: Buffer) => {
      if (settled) return;
      try {
        stream.push(chunk);
      } catch (error) {
        letGo();
        fail(error);
      }
      awaitSilence();
    };
    const started = (opened: ClientChannel): void => {
      asking = false;
      channel = opened;
      session.granted();
      // Both are read to the end in any case: an unread stream would stop the host's command.
      opened.on('data', take(stdout));
      opened.stderr.on('data', take(stderr));
      opened.on('error', () => undefined);
      opened.stderr.on('error', () => undefined);
      opened.on('exit', (code: number | null, signal?: string) => {
        if (code !== null) exit = { kind: 'exited', code };
        else if (signal !== undefined) exit = { kind: 'signaled', signal };
        awaitSilence();
      });
      opened.on('close', () => {
        session.free();
        settle(exit ?? { kind: 'lost', cause: 'the session was closed without an exit code' });
      });
      if (settled) return letGo();
      opened.end(stdin);
    };

    const ask = (retryMs: number): void => {
      const failed = (error: Error): void => {
        asking = false;
        if (settled) return session.free();
        if (/channel open failure/i.test(error.message)) {
          const others = session.others();
          if (++refusals > 1 && others > 0) return fail(new SessionRefused(others));
          timer = setTimeout(() => ask(Math.min(2 * retryMs, channelRetryMs.last)), retryMs);
        } else if (neverAsked.test(error.message)) {
          fail(new NotStarted(error.message));
        } else {
          // The session may be open with nothing in it, out of reach: the library gives it only with its command.
          session.leak();
          settle({ kind: 'lost', cause: `the host did not confirm that it runs the command (${error.message})` });
        }
      };
      asking = true;
      try {
        connection.client.exec(command, (error, opened) => {
          if (error === undefined) started(opened);
          else failed(error);
        });
      } catch (error) {
        failed(error instanceof Error ? error : new Error(String(error)));
      }
    };

    stop.addEventListener('abort', onStop);
    if (stop.aborted) return onStop();
    ask(channelRetryMs.first);
  });
