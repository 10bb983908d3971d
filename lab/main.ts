// `npm run lab`: the lab on the command line.
import { argv } from 'node:process';
import { Command } from 'commander';
import { addHostCommands } from './commands/host-commands.js';
import { keepLab } from './commands/keeper.js';
import { addLabCommands } from './commands/lab-commands.js';
import { runMainJob } from './main-job.js';
import type { LabOptions } from './lab.js';
import { MAIN_LAB } from './topology.js';

const program = new Command('lab')
  .description(
    'Real Debian hosts with systemd, containerd and kubeadm on this machine, for trying Quorate and for its tests.\n' +
      'Without a command: brings the hosts up, starts Quorate with its own Temporal server, and builds a cluster of\n' +
      'three control-plane nodes and two workers behind a load balancer. Needs root, no other machine, no cloud.',
  )
  .option('--yes', 'install missing Debian packages without asking')
  .enablePositionalOptions()
  .showHelpAfterError()
  .action(async (options: { yes?: boolean }) => {
    process.exitCode = await runMainJob({ yes: options.yes ?? false });
  });
program.addHelpText(
  'after',
  `
Examples:
  npm run lab                                  the whole job: hosts, Quorate, a cluster
  npm run lab -- up                            only the hosts
  npm run lab -- ssh cp1                       a shell on a host
  npm run lab -- power cp2 cut                 pull the plug of a host
  npm run lab -- fault partition cp1 cp3       two hosts do not hear each other
  npm run lab -- down                          leave nothing behind

The main lab is called "${MAIN_LAB}"; every command takes --name for another one beside it.`,
);
addLabCommands(program);
addHostCommands(program);
program
  .command('keep', { hidden: true })
  .argument('<options>')
  .action((options: string) => keepLab(JSON.parse(options) as Omit<LabOptions, 'progress'>));

try {
  await program.parseAsync(argv);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
