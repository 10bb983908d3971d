import type { Program } from '../system/process.js';

/** kubectl. */
export const kubectl: Program = (process, args) => {
  if (args[0] === 'version' && args.includes('--client')) {
    process.print(`Client Version: ${process.machine.kubernetesVersion}\nKustomize Version: v5.8.1\n`);
    return 0;
  }
  return 1;
};
