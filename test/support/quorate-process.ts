import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** The compiled program: `npm test` builds it first. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface QuorateProcess {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Waits for a text on standard output. */
  readonly said: (text: string, timeoutMs?: number) => Promise<void>;
  readonly ended: Promise<number | null>;
}

/** Starts the compiled program as a process of its own; it is killed with the test. */
export const startQuorate = (args: readonly string[], env: Record<string, string | undefined> = {}): QuorateProcess => {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = async (text: string, timeoutMs = 40_000): Promise<void> => {
    const end = Date.now() + timeoutMs;
    while (!out.includes(text)) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`"${text}" was not said:\n${out}\n${err}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return { child, out: () => out, err: () => err, said, ended };
};
