import type { Program } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';

const version: Program = (process, args) => {
  const { values } = parseOptions(args, 'o', ['output']);
  const { kubernetesVersion } = process.machine;
  const output = values.get('o') ?? values.get('output');
  if (output === 'short') process.print(`${kubernetesVersion}\n`);
  else process.print(`kubeadm version: &version.Info{GitVersion:"${kubernetesVersion}", Platform:"linux/amd64"}\n`);
  return 0;
};

/** kubeadm. */
export const kubeadm: Program = async (process, args) => {
  const [command = '', ...rest] = args;
  switch (command) {
    case 'version':
      return version(process, rest);
    default:
      process.complain(
        `error: unknown command "${command}" for "kubeadm"\nTo see the stack trace of this error execute with --v=5 or higher\n`,
      );
      return 1;
  }
};
