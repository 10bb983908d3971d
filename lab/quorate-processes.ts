// Processes of Quorate that a lab or a demonstration starts: `quorate dev`, and commands beside it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** dist/cli/main.js beside dist/lab. */
const QUORATE = join(dirname(fileURLToPath(import.meta.url)), '..', 'cli', 'main.js');
const DEV_TIMEOUT_MS = 5 * 60_000;

/** The command lines of Quorate that the main job uses. */
export const commands = {
  dev: (sshConfigFile: string, database: string) => ['dev', '--ssh-config', sshConfigFile, '--db-file', database],
  init: (spec: string, host: string) => ['init', '-f', spec, host],
  join: (spec: string, host: string) => ['join', '-f', spec, host],
  status: (spec: string) => ['status', '-f', spec],
};

export interface Dev {
  process: ChildProcess;
  /** Of the Temporal UI. */
  address: string;
  /** By which the other commands find this server among others: TEMPORAL_ADDRESS. */
  environment: Record<string, string>;
  /** Where the other commands run, and find their cluster.yaml; default where this process does. */
  directory?: string;
}

/** Starts `quorate dev` and resolves once it prints that it is ready. */
export async function startDev(sshConfigFile: string, database: string, more: readonly string[] = []): Promise<Dev> {
  title('quorate dev');
  const child = spawn(process.execPath, [QUORATE, ...commands.dev(sshConfigFile, database), ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const environment: Record<string, string> = {};
  const address = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      console.log(line);
      const server = /Temporal server: ([^\s,]+:\d+)/.exec(line)?.[1];
      if (server !== undefined) environment['TEMPORAL_ADDRESS'] = server;
      const ui = /Temporal UI (https?:\/\/\S+)/.exec(line)?.[1];
      if (ui !== undefined) resolve(ui);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`quorate dev ended with code ${code} before it was ready.`)));
    AbortSignal.timeout(DEV_TIMEOUT_MS).addEventListener('abort', () =>
      reject(new Error(`quorate dev has not told the address of the Temporal UI within ${DEV_TIMEOUT_MS / 1000} s.`)),
    );
  });
  try {
    return { process: child, address: await address, environment };
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** Runs a command with its output on the terminal; its exit code. Throws when that is none of those expected. */
export async function quorate(dev: Dev, args: string[], codes: readonly number[] = [0]): Promise<number> {
  title(`quorate ${args.map((arg) => (/\s/.test(arg) ? `'${arg}'` : arg)).join(' ')}`);
  const child = spawn(process.execPath, [QUORATE, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...dev.environment },
    ...(dev.directory === undefined ? {} : { cwd: dev.directory }),
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === null || !codes.includes(code)) throw new Error(`"quorate ${args.join(' ')}" ended with code ${code}.`);
  return code;
}

/** Asks a child to end; kills it when it does not within 15 s. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  if ((await Promise.race([ended, sleep(15_000, 'late')])) === 'late') child.kill('SIGKILL');
}

export function title(text: string): void {
  console.log(`\n== ${text}`);
}
