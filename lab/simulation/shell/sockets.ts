import { TextDescription } from '../system/description.js';
import type { Description } from '../system/description.js';
import { ShellError } from './control.js';
import type { Shell } from './shell.js';

/** What bash says of a connection that was not made, as strerror has it. */
const words = {
  refused: 'Connection refused',
  unreachable: 'No route to host',
} as const;

/** bash's own /dev/tcp. Who says nothing keeps it waiting. @throws ShellError */
export const openSocket = async (shell: Shell, path: string, host: string, port: number): Promise<Description> => {
  const { process } = shell;
  const { machine } = process;
  const address = machine.network.resolve(host);
  if (address === undefined) throw new ShellError(`${host}: Name or service not known\n${path}: Invalid argument`, 1);
  const dialled = await process.during(machine.network.dial(address, port));
  if (dialled.result === 'open') return new TextDescription('');
  const said = words[dialled.result];
  process.complain(`bash: connect: ${said}\n`);
  throw new ShellError(`${path}: ${said}`, 1);
};
