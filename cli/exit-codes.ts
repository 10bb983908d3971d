import type { OperatorErrorKind } from '../model/failures/operator-error.js';
import type { OperationOutcome } from '../model/progress.js';

/** Exit codes of every command; docs/cli.md lists them for scripts. */
export const exitCodes = {
  done: 0,
  failed: 1,
  badUsage: 2,
  blocked: 3,
  temporalUnreachable: 4,
  undone: 5,
  /** As shells report a program that ^C ended: it waits and watches no more; operations go on. */
  interrupted: 130,
} as const;

export const exitCodesHelp = `
Exit codes:
  0  done
  1  failed
  2  bad usage, or an invalid specification
  3  the operation is blocked: it waits for a decision
  4  Temporal, or a worker, does not answer
  5  the operation was cancelled, rolled back or aborted
  130  interrupted (^C); operations go on
`;

export const codeOfOutcome = (outcome: OperationOutcome): number => {
  switch (outcome) {
    case 'finished':
      return exitCodes.done;
    case 'failed':
    case 'terminated':
      return exitCodes.failed;
    case 'cancelled':
    case 'rolled-back':
    case 'aborted':
      return exitCodes.undone;
  }
};

export const codeOfErrorKind = (kind: OperatorErrorKind): number => {
  switch (kind) {
    case 'bad-usage':
    case 'key-reused':
    case 'not-found':
    case 'ambiguous':
      return exitCodes.badUsage;
    case 'temporal-unreachable':
      return exitCodes.temporalUnreachable;
    case 'refused':
    case 'failed':
      return exitCodes.failed;
  }
};
