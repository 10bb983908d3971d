// Commands for a lab as a whole.
import { InvalidArgumentError, type Command } from 'commander';
import Table from 'cli-table3';
import { isAlive, listOwners } from '../ownership.js';
import { controlPlaneName, makeTopology, MAIN_LAB, type HostOptions } from '../topology.js';
import { KUBERNETES_VERSIONS, type KubernetesVersion } from '../build/versions.js';
import { ask, askStatus, liveOwner, startKeeper, takeDown } from './control.js';
import { settleNeeds } from './needs.js';
import { terminalProgress } from './terminal.js';

interface UpOptions {
  name: string;
  yes?: boolean;
  controlPlanes: number;
  workers: number;
  loadBalancers: number;
  kubernetesVersion: KubernetesVersion;
}

export const nameOption = ['--name <name>', 'name of the lab', MAIN_LAB] as const;

export function addLabCommands(program: Command): void {
  program
    .command('up')
    .description('Start the hosts and wait until ssh answers on each; they stay up after this command.')
    .option(...nameOption)
    .option('--yes', 'install missing Debian packages without asking')
    .option('--control-planes <count>', 'hosts cp1, cp2, ...', countOf(0, 9), 3)
    .option('--workers <count>', 'hosts w1, w2, ...', countOf(0, 9), 2)
    .option('--load-balancers <count>', 'hosts lb1, lb2', countOf(0, 2), 1)
    .option(
      '--kubernetes-version <version>',
      `programs and images of the nodes: ${KUBERNETES_VERSIONS.join(' or ')}`,
      knownVersion,
      KUBERNETES_VERSIONS[0],
    )
    .action(async (options: UpOptions, command: Command) => {
      const yes = command.optsWithGlobals<{ yes?: boolean }>().yes ?? false;
      await bringUp(options.name, makeTopology(options), yes);
      console.log(await describe(options.name));
    });
  program
    .command('down')
    .description('Switch the hosts off and leave nothing on the machine; also clears what a dead lab left.')
    .option(...nameOption)
    .action(async ({ name }: { name: string }) => {
      const done = await takeDown(name);
      const told = { down: 'is down', cleared: 'was left by a dead process and is cleared', nothing: 'was not up' };
      console.log(`The lab "${name}" ${told[done]}.`);
    });
  program.command('status').description('Show the labs of this machine and their hosts.').action(showStatus);
  program
    .command('network')
    .description('Give a cluster its Pod network, by the admin.conf of a control-plane host.')
    .argument('[host]', 'a host on which kubeadm init has run', controlPlaneName(1))
    .option(...nameOption)
    .action(async (host: string, { name }: { name: string }) => {
      await ask(name, { do: 'network', host });
    });
  program
    .command('cluster-yaml')
    .description("Print a Quorate cluster specification for the lab's hosts.")
    .option(...nameOption)
    .action(async ({ name }: { name: string }) => {
      process.stdout.write(String(await ask(name, { do: 'cluster-yaml' })));
    });
}

/** Starts the lab unless it is up already. */
export async function bringUp(name: string, hosts: readonly HostOptions[], yes: boolean): Promise<void> {
  const owner = liveOwner(name);
  if (owner !== undefined) {
    // Refuses if it belongs to a process that is no keeper, such as a test.
    await askStatus(name);
    console.error(`The lab "${name}" is up already (process ${owner.pid}).`);
    return;
  }
  await settleNeeds(hosts, yes);
  const progress = terminalProgress();
  try {
    await startKeeper({ name, hosts: [...hosts] }, progress.line);
  } finally {
    progress.end();
  }
}

async function describe(name: string): Promise<string> {
  const status = await askStatus(name);
  const table = new Table({
    head: ['host', 'kind', 'address', 'Kubernetes', 'power'],
    style: { head: [], border: [] },
  });
  for (const host of status.hosts) {
    table.push([host.name, host.kind, host.address, host.kubernetesVersion ?? '', host.on ? 'on' : 'off']);
  }
  return `Lab "${name}" (ssh -F ${status.sshConfigFile} HOST)\n${table.toString()}`;
}

async function showStatus(): Promise<void> {
  const owners = listOwners();
  if (owners.length === 0) console.log('No lab is up.');
  for (const owner of owners) {
    if (!isAlive(owner)) {
      console.log(
        `Lab "${owner.name}": its process ${owner.pid} is dead; "npm run lab -- down --name ${owner.name}" clears what it left.`,
      );
      continue;
    }
    console.log(
      await describe(owner.name).catch(
        () => `Lab "${owner.name}": in use by process ${owner.pid}, not by this command.`,
      ),
    );
  }
}

function countOf(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!Number.isInteger(count) || count < least || count > most) {
      throw new InvalidArgumentError(`It is a number from ${least} to ${most}.`);
    }
    return count;
  };
}

function knownVersion(text: string): KubernetesVersion {
  const version = KUBERNETES_VERSIONS.find((known) => known === text);
  if (version === undefined) throw new InvalidArgumentError(`The lab has ${KUBERNETES_VERSIONS.join(' and ')}.`);
  return version;
}
