import type { RetryFilter } from '../../api/client/client.js';
import { isFailureType, failureTypes } from '../../model/failures/failure.js';
import { OperatorError } from '../../model/failures/operator-error.js';
import { suggest } from '../../model/specification/suggest.js';
import { withClient } from '../connect.js';
import { exitCodes } from '../exit-codes.js';
import { nothingBlocked, retryTable } from '../format/retry.js';
import { mayGoOn } from '../interrupt.js';
import type { Io } from '../io.js';

export interface RetryCommandOptions extends RetryFilter {
  readonly allBlocked: boolean;
  readonly dryRun: boolean;
  readonly by: string;
  readonly reason: string;
  readonly output: 'text' | 'json';
}

/** @throws OperatorError (bad-usage) when nothing says which operations are meant, or no failure is called so. */
const checkFilter = ({ cluster, host, kind, blockedBy }: RetryFilter, allBlocked: boolean): void => {
  if (!allBlocked && [cluster, host, kind, blockedBy].every((selector) => selector === undefined)) {
    throw new OperatorError('bad-usage', 'Nothing says which blocked operations to retry.', {
      remedy:
        'Name them with --blocked-by TYPE, --cluster NAME, --host NAME, --kind KIND or several of these, or take --all-blocked. Add --dry-run to see which ones it would be.',
    });
  }
  if (blockedBy !== undefined && !isFailureType(blockedBy)) {
    const meant = suggest(blockedBy, failureTypes);
    throw new OperatorError('bad-usage', `No operation is ever blocked by ${blockedBy}.`, {
      remedy: `${meant === undefined ? '' : `Did you mean ${meant}? `}docs/runbook.md has every type.`,
    });
  }
};

/** Sends `retry` to every blocked operation that matches. @returns 0 when all accepted it, 1 when one refused. */
export const retry = (io: Io, options: RetryCommandOptions): Promise<number> => {
  const { allBlocked, dryRun, by, reason, output, ...filter } = options;
  checkFilter(filter, allBlocked);
  return withClient(io, async (client) => {
    const asked = client.retry(filter, { by, reason, dryRun });
    const report = await (dryRun
      ? asked
      : asked.catch(
          mayGoOn('Operations that took the decision go on.', 'see them: quorate operations list --no-ended'),
        ));
    const { accepted, refused } = report;
    if (output === 'json') io.out(`${JSON.stringify(report, undefined, 2)}\n`);
    else if (accepted.length + refused.length === 0) io.out(nothingBlocked(filter));
    else io.out(retryTable(report));
    return refused.length === 0 ? exitCodes.done : exitCodes.failed;
  });
};
