import type { Program } from '../system/process.js';

/** The kubelet. */
export const kubelet: Program = (process, args) => {
  if (args.includes('--version')) {
    process.print(`Kubernetes ${process.machine.kubernetesVersion}\n`);
    return 0;
  }
  return 1;
};
