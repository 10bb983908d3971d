import { describedCluster } from '../../api/client/requested-change.js';
import { withClient } from '../connect.js';
import { exitCodes } from '../exit-codes.js';
import { statusText } from '../format/status.js';
import type { Io } from '../io.js';
import { readSpecification } from '../specification.js';

export interface StatusCommandOptions {
  readonly file: string;
  readonly output: 'text' | 'json';
}

/** Shows the state of a cluster as its hosts see it now. @returns 0 when all is well, 1 when there are problems. */
export const status = async (io: Io, options: StatusCommandOptions): Promise<number> => {
  const { text } = readSpecification(options.file);
  // What is missing in it is said before anybody is asked.
  describedCluster(text);
  return withClient(io, async (client) => {
    const report = await client.status(text, { onWaiting: (why) => io.err(`no answer yet: ${why}\n`) });
    io.out(options.output === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : statusText(report));
    return report.problems.length === 0 ? exitCodes.done : exitCodes.failed;
  });
};
