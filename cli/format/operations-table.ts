import { hasEnded, needsLock, type OperationSummary } from '../../api/client/operation-summary.js';
import { age, printable, table } from './text.js';

const detail = (summary: OperationSummary, now: number): string => {
  const { state, phase, blockedReason = '', blockedSince, waitsFor, message } = summary;
  if (state === 'blocked')
    return blockedSince === undefined ? blockedReason : `${blockedReason} for ${age(blockedSince, now)}`;
  if (state === 'waiting') return `for ${waitsFor ?? 'its turn'}`;
  return hasEnded(state) ? (message ?? '') : (phase ?? '');
};

/** The membership lock of its cluster: one operation holds it, others wait for it, workers join without. */
const lock = ({ state, kind, holdsLock }: OperationSummary): string =>
  holdsLock === true ? 'holds' : state === 'waiting' && needsLock(kind) ? 'waits' : '';

/** Operations in columns, newest first. */
export const operationsTable = (operations: readonly OperationSummary[], now: number): string =>
  table([
    ['OPERATION', 'STATE', 'LOCK', 'BEGAN', 'TOOK', 'BY', 'STEP OR REASON'],
    ...operations.map((summary) => [
      summary.operation,
      summary.state,
      lock(summary),
      `${age(summary.since, now)} ago`,
      summary.endedAt === undefined ? '' : age(summary.since, Date.parse(summary.endedAt)),
      summary.by ?? '',
      printable(detail(summary, now)),
    ]),
  ]);
