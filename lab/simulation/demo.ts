// `npm run demo`: the main job on simulated hosts, with Quorate's own commands and a Temporal server of its own.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { clusterYaml } from '../cluster-yaml.js';
import { commands, end, quorate, startDev, title } from '../quorate-processes.js';
import type { Dev } from '../quorate-processes.js';
import { makeTopology } from '../topology.js';
import { startSimulation } from './simulation.js';
import type { Simulation } from './simulation.js';

/** What takes a second on an ordinary host takes that many here. */
const timeScale = 0.15;

const usage = `npm run demo                  a cluster of three API servers and a worker, built by Quorate on simulated hosts
npm run demo -- --outage      the same, with a load balancer that loses power during a join, and the retry
npm run demo -- --keep        leaves Quorate and the hosts running until ^C, to look at the Temporal UI`;

/** Quorate asks soon, so that the outage is not a long one. */
const impatient = { budgets: { unreachable: '5s', ready: '20s', join: '30s' }, resumeWhenHealthy: false };

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const blocked = 3;

/** A load balancer loses its power while kubeadm runs on a worker; one command goes on with what it has stopped. */
const outage = async (simulation: Simulation, dev: Dev, spec: string): Promise<void> => {
  const { machine } = simulation.host('w1');
  const cut = (async () => {
    while (!machine.systemd.loaded().some(({ name, isRunning }) => isRunning && name.startsWith('quorate-join-')))
      await sleep(20);
    await simulation.host('lb1').power('cut');
    console.log('\n== lb1 has lost its power, while kubeadm joins w1');
  })();
  const code = await quorate(dev, commands.join(spec, 'w1'), [0, blocked]);
  await cut;
  title('lb1 has power again');
  await simulation.host('lb1').power('on');
  if (code !== blocked) return;
  await quorate(dev, ['retry', '--all-blocked', '--reason', 'lb1 has power again']);
  await quorate(dev, ['operations', 'watch', `${simulation.name}/join-worker/w1`]);
};

const run = async (simulation: Simulation, options: { outage: boolean; keep: boolean }): Promise<number> => {
  const started = Date.now();
  const spec = join(simulation.directory, 'cluster.yaml');
  await writeFile(spec, clusterYaml(simulation, options.outage ? { policy: impatient } : {}));
  const ports = ['--port', String(await freePort()), '--ui-port', String(await freePort())];
  const dev = await startDev(simulation.sshConfigFile, join(simulation.directory, 'temporal.db'), ports);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  try {
    await quorate(dev, commands.init(spec, 'cp1'));
    title('kubectl apply: the Pod network, on cp1');
    await simulation.installNetwork('cp1');
    await quorate(dev, commands.join(spec, 'cp2'));
    await quorate(dev, commands.join(spec, 'cp3'));
    if (options.outage) await outage(simulation, dev, spec);
    else await quorate(dev, commands.join(spec, 'w1'));
    await quorate(dev, commands.status(spec), [0, 1]);
    title(`The cluster is up, on simulated hosts, after ${Math.round((Date.now() - started) / 1000)} s`);
    console.log('The real thing, on a Linux machine as root: npm run lab');
    if (!options.keep) return 0;
    console.log(`Temporal UI:   ${dev.address}`);
    console.log(`Specification: ${spec}`);
    console.log(`Hosts:         ssh -F ${simulation.sshConfigFile} cp1 'sudo kubeadm token list'`);
    console.log('^C ends all of it');
    await Promise.race([once(dev.process, 'exit'), once(interrupt.signal, 'abort')]);
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return 130;
    throw error;
  } finally {
    await end(dev.process);
  }
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
  console.log('They are simulated: no systemd, no kubeadm, no etcd runs, and nothing on this machine is changed.');
  console.log('Quorate is real: its commands, its workflows on a Temporal server, and SSH connections to each host.');
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
