import { hasEnded } from '../api/client/operation-summary.js';
import type { OperationView } from '../api/client/operation-view.js';
import type { OperationOutcome } from '../model/progress.js';
import { canBeDrawnOn, liveDisplay, plainDisplay, type Display } from './display.js';
import { codeOfOutcome, exitCodes } from './exit-codes.js';
import { blockedText } from './format/blocked.js';
import { endText } from './format/operation.js';
import { untilInterrupted } from './interrupt.js';
import type { Io } from './io.js';

const jsonLines = (io: Io): Display => ({ show: (view) => io.out(`${JSON.stringify(view)}\n`), close: () => {} });
const nothing: Display = { show: () => {}, close: () => {} };

export interface FollowOptions {
  /** Its id. */
  readonly operation: string;
  /** `json` prints the last view, `json-lines` each one. */
  readonly output: 'text' | 'json' | 'json-lines';
  /** Goes on watching a blocked operation; default: ends with exit code 3. */
  readonly throughBlocks?: boolean;
  /** The end that was asked for counts as done, such as `cancelled` after a cancel. */
  readonly wanted?: OperationOutcome;
}

/**
 * Shows an operation until it ends or blocks.
 *
 * @returns the exit code.
 */
export const follow = async (
  views: AsyncIterable<OperationView>,
  io: Io,
  { operation, output, throughBlocks = false, wanted }: FollowOptions,
): Promise<number> => {
  // Decided once: a terminal may change its size meanwhile.
  const live = output === 'text' && canBeDrawnOn(io);
  const display =
    output === 'json'
      ? nothing
      : output === 'json-lines'
        ? jsonLines(io)
        : live
          ? liveDisplay(io, { blocked: throughBlocks })
          : plainDisplay(io);
  let last: OperationView | undefined;
  let blockedSince: string | undefined;
  try {
    for await (const view of untilInterrupted(io.signal, views)) {
      last = view;
      display.show(view);
      if (view.summary.state !== 'blocked') continue;
      if (!throughBlocks) break;
      const since = view.progress?.blocked?.since;
      if (output === 'text' && since !== undefined && since !== blockedSince && !live) {
        io.out(blockedText(view));
      }
      blockedSince = since;
    }
  } finally {
    display.close();
  }
  if (last !== undefined) {
    if (output === 'json') io.out(`${JSON.stringify(last, undefined, 2)}\n`);
    const { state } = last.summary;
    if (hasEnded(state)) {
      if (output === 'text') io.out(endText(last));
      return state === wanted ? exitCodes.done : codeOfOutcome(state);
    }
    if (state === 'blocked' && !io.signal.aborted) {
      if (output === 'text') io.out(blockedText(last));
      return exitCodes.blocked;
    }
  }
  if (output === 'text') {
    io.err(`\nThe operation goes on. Watch it with: quorate operations watch ${operation}\n`);
  }
  return exitCodes.interrupted;
};
