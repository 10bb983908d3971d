// Runs programs of the machine, each bounded in time.
import { spawn } from 'node:child_process';

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string | Buffer;
  timeoutMs?: number;
  environment?: Record<string, string>;
  /** Called with every full line of standard output and standard error, as it comes. */
  onLine?: (line: string) => void;
}

const DEFAULT_TIMEOUT_MS = 120_000;

/** Exit code of a program that was ended because its time was up, as `timeout` of coreutils has it. */
const TIMED_OUT = 124;

/** Runs a program to its end; never throws for what the program does, only if it cannot be started. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: options.environment === undefined ? process.env : { ...process.env, ...options.environment },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
      // Whoever inherited the pipes may live on; do not wait for it.
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    if (options.onLine !== undefined) {
      splitLines(child.stdout, options.onLine);
      splitLines(child.stderr, options.onLine);
    }
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const said = Buffer.concat(stderr).toString();
      resolve({
        code: timedOut ? TIMED_OUT : (code ?? (signal === null ? 1 : 128)),
        stdout: Buffer.concat(stdout).toString(),
        stderr: timedOut ? `${said}\n(ended after ${timeoutMs} ms)` : said,
      });
    });
    // A program that ends without reading its input is no error.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin);
  });
}

/** Runs a program and returns its standard output; throws with what it said when it fails. */
export async function check(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(command, args, options);
  if (outcome.code !== 0) throw new Error(describeFailure([command, ...args].join(' '), outcome));
  return outcome.stdout;
}

export function describeFailure(what: string, outcome: Outcome): string {
  const shown = what.length > 300 ? `${what.slice(0, 300)}...` : what;
  const said = [outcome.stderr.trim(), outcome.stdout.trim()].filter((text) => text !== '').join('\n');
  const clipped = said.length > 4_000 ? `...${said.slice(-4_000)}` : said;
  return `"${shown}" ended with code ${outcome.code}${clipped === '' ? '' : `:\n${clipped}`}`;
}

/** Quotes a text as one word of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function splitLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split(/[\r\n]+/);
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') onLine(line);
  });
  stream.on('end', () => {
    if (rest.trim() !== '') onLine(rest);
  });
}
