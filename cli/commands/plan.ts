import { requestedChange } from '../../api/client/requested-change.js';
import { withClient } from '../connect.js';
import { exitCodes } from '../exit-codes.js';
import { planText } from '../format/plan.js';
import type { Io } from '../io.js';
import { readSpecification, warningsText } from '../specification.js';

export interface PlanCommandOptions {
  readonly file: string;
  readonly output: 'text' | 'json';
  readonly init: boolean;
}

/** Shows what `init` or `join` of a host would find and do now. @returns 0 when it could be done, 1 when a finding is fatal. */
export const plan = async (io: Io, host: string, options: PlanCommandOptions): Promise<number> => {
  const { text, warnings } = readSpecification(options.file);
  io.err(warningsText(warnings));
  const verb = options.init ? 'init' : 'join';
  const request = { specification: text, verb, host } as const;
  // What does not fit is said before anybody is asked.
  requestedChange(request, '');
  return withClient(io, async (client) => {
    const report = await client.plan(request, { onWaiting: (why) => io.err(`no answer yet: ${why}\n`) });
    if (options.output === 'json') io.out(`${JSON.stringify(report, undefined, 2)}\n`);
    else io.out(planText(report, `quorate ${verb} ${host} -f ${options.file}`));
    return report.findings.some(({ severity }) => severity === 'fatal') ? exitCodes.failed : exitCodes.done;
  });
};
