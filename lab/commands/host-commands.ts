// Commands for one host of a lab, and for faults.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Argument, type Command } from 'commander';
import { ask, askStatus } from './control.js';
import { nameOption } from './lab-commands.js';
import { FAULTS, POWER_ACTIONS, type PowerAction } from './requests.js';

export function addHostCommands(program: Command): void {
  program
    .command('ssh')
    .description('Open a shell on a host, or run a command there. User ops, who may use sudo; --root for root.')
    .argument('<host>')
    .argument('[command...]', 'after -- if it has options of its own')
    .option(...nameOption)
    .option('--root', 'as root')
    .passThroughOptions()
    .action(async (host: string, command: string[], options: { name: string; root?: boolean }) => {
      const { sshConfigFile } = await askStatus(options.name);
      const user = options.root === true ? ['-l', 'root'] : [];
      const child = spawn('ssh', ['-F', sshConfigFile, ...user, host, ...command], { stdio: 'inherit' });
      const [code] = (await once(child, 'exit')) as [number | null];
      process.exitCode = code ?? 1;
    });
  program
    .command('power')
    .description('Switch a host on or off, pull its plug, reset it, freeze it, or give it a new empty disk.')
    .argument('<host>')
    .addArgument(new Argument('<action>', 'lose-cache is a cut that loses what was not synced').choices(POWER_ACTIONS))
    .option(...nameOption)
    .action(async (host: string, action: PowerAction, options: { name: string }) => {
      await ask(options.name, { do: 'power', host, action });
    });
  program
    .command('fault')
    .description('Make a fault in the network, or fill a disk; faults add up until cleared.')
    .argument('<fault>')
    .argument('[args...]')
    .option(...nameOption)
    .addHelpText('after', `\nFaults:\n${faultHelp()}`)
    .action(async (fault: string, args: string[], options: { name: string }) => {
      await ask(options.name, { do: 'fault', fault, args });
    });
}

function faultHelp(): string {
  return Object.entries(FAULTS)
    .map(([name, fault]) => `  ${`${name} ${fault.arguments}`.padEnd(24)} ${fault.help}`)
    .join('\n');
}
