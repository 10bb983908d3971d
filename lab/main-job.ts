// `npm run lab` without a command: hosts, Quorate with its own Temporal server, and a whole cluster built by it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ask, askStatus } from './cli/control.js';
import { bringUp } from './cli/lab-commands.js';
import { controlPlaneName, DEFAULT_HOSTS, MAIN_LAB } from './topology.js';

/** dist/src/cli/main.js beside dist/lab. */
const QUORATE = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'cli', 'main.js');
const DEV_TIMEOUT_MS = 5 * 60_000;
const NETWORK_TIMEOUT_MS = 15 * 60_000;

/** The command lines of Quorate that the job uses. */
const commands = {
  dev: (sshConfigFile: string, database: string) => ['dev', '--ssh-config', sshConfigFile, '--db-file', database],
  init: (spec: string, host: string) => ['init', '-f', spec, host],
  join: (spec: string, host: string) => ['join', '-f', spec, host],
  status: (spec: string) => ['status', '-f', spec],
};

export interface MainJobOptions {
  yes: boolean;
}

/** Runs until Ctrl-C, or until something fails; the exit code. */
export async function runMainJob(options: MainJobOptions): Promise<number> {
  await bringUp(MAIN_LAB, DEFAULT_HOSTS, options.yes);
  const lab = await askStatus(MAIN_LAB);
  const spec = join(lab.directory, 'cluster.yaml');
  await writeFile(spec, String(await ask(MAIN_LAB, { do: 'cluster-yaml' })));
  // The history goes with the hosts it is about.
  const dev = await startDev(lab.sshConfigFile, join(lab.directory, 'temporal.db'));
  const interrupt = new AbortController();
  process.on('SIGINT', () => interrupt.abort());
  try {
    const nodes = lab.hosts.filter((host) => host.kind === 'node').map((host) => host.name);
    const [first = controlPlaneName(1), ...rest] = nodes;
    const network = installNetwork(first, interrupt.signal);
    await quorate(dev, commands.init(spec, first));
    await network;
    for (const host of rest) await quorate(dev, commands.join(spec, host));
    // Its exit code tells of anything that is not perfect yet; the table says what.
    await quorate(dev, commands.status(spec)).catch(() => undefined);
    title('The cluster is up');
    console.log(`Temporal UI:   ${dev.address}`);
    console.log(`Specification: ${spec}`);
    console.log('Hosts:         npm run lab -- ssh cp1');
    console.log('Try:           npm run lab -- power cp2 cut');
    console.log('Ctrl-C stops Quorate; the hosts stay up until: npm run lab -- down');
    await Promise.race([once(dev.process, 'exit'), once(interrupt.signal, 'abort')]);
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return 130;
    console.error(error instanceof Error ? error.message : String(error));
    console.error(
      `The hosts are still up: look at them with "npm run lab -- ssh HOST", end with "npm run lab -- down".`,
    );
    return 1;
  } finally {
    interrupt.abort();
    await end(dev.process);
  }
}

interface Dev {
  process: ChildProcess;
  /** Of the Temporal UI. */
  address: string;
  /** By which the other commands find this server among others: TEMPORAL_ADDRESS. */
  environment: Record<string, string>;
}

/** Starts `quorate dev` and resolves once it prints that it is ready. */
async function startDev(sshConfigFile: string, database: string): Promise<Dev> {
  title('quorate dev');
  const child = spawn(process.execPath, [QUORATE, ...commands.dev(sshConfigFile, database)], {
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

/** The network goes in as soon as the API server of the first host answers: until then no Node becomes Ready. */
async function installNetwork(host: string, signal: AbortSignal): Promise<void> {
  const until = Date.now() + NETWORK_TIMEOUT_MS;
  let last: unknown = new Error('interrupted');
  while (!signal.aborted && Date.now() < until) {
    try {
      await ask(MAIN_LAB, { do: 'network', host });
      return;
    } catch (error) {
      last = error;
    }
    await sleep(3_000);
  }
  if (!signal.aborted) throw last;
}

async function quorate(dev: Dev, args: string[]): Promise<void> {
  title(`quorate ${args.join(' ')}`);
  const child = spawn(process.execPath, [QUORATE, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...dev.environment },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`"quorate ${args.join(' ')}" ended with code ${code}.`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  if ((await Promise.race([ended, sleep(15_000, 'late')])) === 'late') child.kill('SIGKILL');
}

function title(text: string): void {
  console.log(`\n== ${text}`);
}
