// `npm run lab` without a command: hosts, Quorate with its own Temporal server, and a whole cluster built by it.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, askStatus } from './commands/control.js';
import { bringUp } from './commands/lab-commands.js';
import { commands, end, quorate, startDev, title } from './quorate-processes.js';
import { controlPlaneName, DEFAULT_HOSTS, MAIN_LAB } from './topology.js';

const NETWORK_TIMEOUT_MS = 15 * 60_000;

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
