import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';

export interface ProxyProcess {
  readonly socket: Duplex;
  /** Its last line on standard error, or how it ended by itself; waits a moment for the end of a process that is ending. */
  complaint(): Promise<string | undefined>;
}

const keptBytes = 4096;
const complaintWaitMs = 500;

/**
 * Runs a ProxyCommand by a shell, the user's own as `ssh` does, and gives its standard input and output as one stream. The process
 * ends with the stream.
 */
export const startProxyCommand = (command: string, shell = '/bin/sh'): ProxyProcess => {
  const child = spawn(shell, ['-c', `exec ${command}`], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  let ended: string | undefined;
  let endedByItself = false;
  let dropped = false;
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const socket = new Duplex({
    read: () => void child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      // A process that is gone shows by its output's end; the error of writing to it adds nothing.
      child.stdin.write(chunk, () => done());
    },
    final: (done) => {
      child.stdin.end(() => done());
    },
    destroy: (error, done) => {
      dropped = true;
      child.stdin.destroy();
      child.stdout.destroy();
      child.kill('SIGHUP');
      if (child.exitCode === null && child.signalCode === null) {
        const kill = setTimeout(() => child.kill('SIGKILL'), 2000).unref();
        child.once('exit', () => clearTimeout(kill));
      }
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (!socket.push(chunk)) child.stdout.pause();
  });
  child.stdout.on('end', () => {
    endedByItself = !dropped;
    socket.push(null);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    // What it says of being killed from here is not why it failed.
    if (!dropped || endedByItself) complaints = (complaints + chunk.toString()).slice(-keptBytes);
  });
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined);
  child.on('error', (error) => {
    ended ??= error.message;
    socket.destroy(error);
  });
  child.on('exit', (code, signal) => {
    if (!dropped || endedByItself) ended = signal === null ? `it exited with ${code}` : `it was killed by ${signal}`;
  });
  return {
    socket,
    complaint: async () => {
      if (endedByItself) {
        const patience = new Promise<void>((resolve) => setTimeout(resolve, complaintWaitMs));
        await Promise.race([closed, patience]);
      }
      const last = complaints.trim().split('\n').at(-1)?.trim();
      return last === undefined || last === '' ? ended : last;
    },
  };
};
