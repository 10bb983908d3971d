import type { RetryFilter, RetryReport } from '../../api/client/client.js';
import { printable, table } from './text.js';

/** Says that no blocked operation matches. */
export const nothingBlocked = ({ cluster, host, kind, blockedBy }: RetryFilter): string => {
  const of = [cluster, kind, host].filter((part) => part !== undefined).join(', ');
  return `${printable(`Nothing is blocked${blockedBy === undefined ? '' : ` by ${blockedBy}`}${of === '' ? '' : ` (${of})`}.`)}\n`;
};

/** What became of each operation in columns, and what to do next. */
export const retryTable = ({ dryRun, accepted, refused }: RetryReport): string => {
  const rows = [
    ...accepted.map((one) => [one.operation, one.blockedReason, dryRun ? 'would be retried' : 'accepted']),
    ...refused.map((one) => [one.operation, one.blockedReason, `refused: ${printable(one.because)}`]),
  ];
  const next = dryRun
    ? `${accepted.length} would be retried; nothing was sent.`
    : `${accepted.length} accepted, ${refused.length} refused. See how they go on with: quorate operations list --no-ended`;
  return `${table([['OPERATION', 'BLOCKED BY', 'RETRY'], ...rows])}${next}\n`;
};
