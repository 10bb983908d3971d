import { SpecificationInvalid } from '../../api/client/client.js';
import { problemText } from '../../api/client/specification-file.js';
import { exitCodes } from '../exit-codes.js';
import { printable } from '../format/text.js';
import type { Io } from '../io.js';
import { readSpecification } from '../specification.js';

/** Checks a specification without asking anybody else: prints every problem with its place and the fix. */
export const validate = (io: Io, file: string, { output }: { output: 'text' | 'json' }): number => {
  try {
    const { specification, warnings } = readSpecification(file);
    if (output === 'json') io.out(`${JSON.stringify({ file, valid: true, problems: [], warnings }, undefined, 2)}\n`);
    else {
      for (const warning of warnings) io.out(`warning: ${printable(problemText(warning))}\n`);
      const hosts = Object.values(specification.spec.hosts);
      const count = (role: string): number => hosts.filter((host) => host.role === role).length;
      io.out(
        `${file} is valid: cluster ${specification.metadata.name}, Kubernetes ${specification.spec.kubernetesVersion}, ` +
          `${count('control-plane')} control-plane, ${count('worker')} worker and ${count('load-balancer')} load-balancer hosts.\n`,
      );
    }
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof SpecificationInvalid)) throw error;
    const { problems } = error;
    if (output === 'json') io.out(`${JSON.stringify({ file, valid: false, problems, warnings: [] }, undefined, 2)}\n`);
    else {
      for (const problem of problems) io.out(`${printable(problemText(problem))}\n`);
      io.err(`${error.message}.\n`);
    }
    return exitCodes.badUsage;
  }
};
