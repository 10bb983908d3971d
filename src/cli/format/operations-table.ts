import type { OperationSummary } from '../../api/operation-summary.js';
import { hasEnded } from '../../api/operation-summary.js';
import { age, printable, table } from './text.js';

const detail = ({ state, phase, blockedReason, waitsFor, message }: OperationSummary): string => {
  if (state === 'blocked') return blockedReason ?? '';
  if (state === 'waiting') return `for ${waitsFor ?? 'its turn'}`;
  return hasEnded(state) ? (message ?? '') : (phase ?? '');
};

/** Operations in columns, newest first. */
export const operationsTable = (operations: readonly OperationSummary[], now: number): string =>
  table([
    ['OPERATION', 'STATE', 'BEGAN', 'TOOK', 'BY', 'STEP OR REASON'],
    ...operations.map((summary) => [
      summary.operation,
      summary.state,
      `${age(summary.since, now)} ago`,
      summary.endedAt === undefined ? '' : age(summary.since, Date.parse(summary.endedAt)),
      summary.by ?? '',
      printable(detail(summary)),
    ]),
  ]);
