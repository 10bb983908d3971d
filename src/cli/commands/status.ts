import { operationContext } from '../../model/specification/operation-context.js';
import { withClient } from '../connect.js';
import { exitCodes } from '../exit-codes.js';
import { statusText } from '../format/status.js';
import type { Io } from '../io.js';
import { readSpecification } from '../specification.js';
import { OperatorError } from '../../model/operator-error.js';

export interface StatusCommandOptions {
  readonly file: string;
  readonly output: 'text' | 'json';
}

/** Shows the state of a cluster as its hosts see it now. @returns 0 when all is well, 1 when there are problems. */
export const status = async (io: Io, options: StatusCommandOptions): Promise<number> => {
  const { specification } = readSpecification(options.file);
  const cluster = specification.metadata.name;
  const host = Object.entries(specification.spec.hosts).find(([, { role }]) => role === 'control-plane')?.[0];
  if (host === undefined) {
    throw new OperatorError('bad-usage', `${cluster} has no host with the role control-plane.`, {
      remedy: `Add one to spec.hosts of ${options.file}.`,
    });
  }
  // The kind says nothing here: a reading has no steps. `init` is the one that any control-plane host may be target of.
  const context = operationContext(specification, 'init', host, { operation: `${cluster}/status`, round: 0 });
  return withClient(io, async (client) => {
    const report = await client.status(context, { onWaiting: (why) => io.err(`no answer yet: ${why}\n`) });
    io.out(options.output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : statusText(report));
    return report.problems.length === 0 ? exitCodes.done : exitCodes.failed;
  });
};
