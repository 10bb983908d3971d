// `npm run demo`: the main job on simulated hosts, with Quorate's own commands and a Temporal server of its own.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { clusterYaml } from '../cluster-yaml.js';
import { end, quorate, startDev, title } from '../quorate-processes.js';
import type { Dev } from '../quorate-processes.js';
import { makeTopology } from '../topology.js';
import { startSimulation } from './simulation.js';
import type { Simulation } from './simulation.js';

/** What takes a second on an ordinary host takes that many here. */
const timeScale = 0.15;

const usage = `npm run demo                Quorate builds a cluster of three API servers and a worker on simulated hosts
npm run demo -- --outage    the same, with a load balancer that loses its power during a join, and the retry
npm run demo -- --keep      leaves Quorate and the hosts running until Ctrl-C, to look at the Temporal UI`;

/** Quorate asks soon, so that the outage is not a long one. */
const impatient = { budgets: { unreachable: '5s', ready: '20s', join: '20s' }, resumeWhenHealthy: false };

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** Exit code of a command whose operation waits for a person (docs/cli.md). */
const blocked = 3;

/** Beside the hosts' other files: where Quorate looks when no -f is given. */
const specification = 'cluster.yaml';

/** A load balancer loses its power while kubeadm runs on a worker; one command goes on with what it has stopped. */
const outage = async (simulation: Simulation, dev: Dev): Promise<void> => {
  const { machine } = simulation.host('w1');
  const cut = (async () => {
    while (!machine.systemd.loaded().some(({ name, isRunning }) => isRunning && name.startsWith('quorate-join-')))
      await sleep(20);
    await simulation.host('lb1').power('cut');
    // On a terminal the command draws its lines anew, where this one would be in the way.
    if (process.stdout.isTTY) return;
    console.log(`${new Date().toTimeString().slice(0, 8)} >> lb1 loses its power, while kubeadm runs on w1 <<`);
  })();
  title('lb1 is going to lose its power as soon as kubeadm runs on w1');
  const code = await quorate(dev, ['join', 'w1'], [0, blocked]);
  await cut;
  title('lb1 has power again');
  await simulation.host('lb1').power('on');
  if (code !== blocked) return;
  await quorate(dev, ['retry', '--all-blocked', '--reason', 'lb1 has power again']);
  await quorate(dev, ['operations', 'watch', `${simulation.name}/join-worker/w1`]);
};

/** Quorate's own commands, as a person would type them beside a cluster.yaml. */
const mainJob = async (simulation: Simulation, dev: Dev, withOutage: boolean): Promise<void> => {
  await quorate(dev, ['init', 'cp1']);
  title('kubectl apply on cp1: the Pod network, which is yours to choose');
  await simulation.installNetwork('cp1');
  console.log('applied');
  await quorate(dev, ['join', 'cp2']);
  await quorate(dev, ['join', 'cp3']);
  if (withOutage) await outage(simulation, dev);
  else await quorate(dev, ['join', 'w1']);
  await quorate(dev, ['status'], [0, 1]);
};

const keep = async (simulation: Simulation, dev: Dev, interrupted: AbortSignal): Promise<void> => {
  title('It all goes on until Ctrl-C');
  console.log(`Temporal UI:    ${dev.address}`);
  console.log(`Specification:  ${join(simulation.directory, specification)}`);
  console.log(`Simulated host: ssh -F ${simulation.sshConfigFile} cp1 sudo kubeadm token list`);
  await Promise.race([once(dev.process, 'exit'), once(interrupted, 'abort')]);
};

const run = async (simulation: Simulation, options: { outage: boolean; keep: boolean }): Promise<number> => {
  const started = Date.now();
  await writeFile(
    join(simulation.directory, specification),
    clusterYaml(simulation, options.outage ? { policy: impatient } : {}),
  );
  const ports = ['--port', String(await freePort()), '--ui-port', String(await freePort())];
  const dev = await startDev(simulation.sshConfigFile, join(simulation.directory, 'temporal.db'), ports);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  let seconds = 0;
  try {
    await mainJob(simulation, { ...dev, directory: simulation.directory }, options.outage);
    seconds = Math.round((Date.now() - started) / 1000);
    if (options.keep) await keep(simulation, dev, interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) return 130;
    throw error;
  } finally {
    await end(dev.process);
  }
  title(`Done in ${seconds} s: a cluster of three API servers and a worker, on simulated hosts`);
  if (!options.outage) console.log('With a load balancer that loses its power during a join: npm run demo -- --outage');
  if (!options.keep) console.log('With the Temporal UI left running to look at:            npm run demo -- --keep');
  console.log('The real thing, on a Linux machine as root:              npm run lab');
  return 0;
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      outage: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  title('Simulated hosts: lb1, cp1, cp2, cp3, w1');
  console.log('The hosts are simulated: no systemd, kubeadm or etcd runs, and nothing on this machine is changed.');
  console.log('Quorate is real: its commands, its workflows on a Temporal server, its SSH connections to each host.');
  console.log(`Time on the hosts is ${Math.round(1 / timeScale)} times as fast as on ordinary ones.`);
  const simulation = await startSimulation({
    name: 'demo',
    hosts: makeTopology({ controlPlanes: 3, workers: 1, loadBalancers: 1 }),
    timeScale,
  });
  try {
    return await run(simulation, values);
  } finally {
    await simulation.down();
  }
};

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
