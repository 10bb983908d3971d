import { hasEnded } from '../api/operation-summary.js';
import type { OperationView } from '../api/operation-view.js';
import type { OperationOutcome } from '../model/progress.js';
import { codeOfOutcome, exitCodes } from './exit-codes.js';
import { blockedText, endText, heading, holdUp, lastLineOf, operationLines } from './format/operation.js';
import { clock, printable } from './format/text.js';
import type { Io } from './io.js';

/** Shows an operation while it changes. */
interface Display {
  readonly show: (view: OperationView) => void;
  readonly close: () => void;
}

/** A block that is drawn again in place, each second and at each change. */
const liveDisplay = (io: Io, columns: number): Display => {
  let drawn = 0;
  let last: OperationView | undefined;
  const draw = (): void => {
    if (last === undefined) return;
    const colour = io.env['NO_COLOR'] === undefined;
    const all = operationLines(last, { now: Date.now(), columns: columns - 1, colour });
    // Lines that have scrolled away could not be drawn again.
    const lines = io.rows === undefined ? all : all.slice(-Math.max(1, io.rows - 1));
    io.out(`${drawn === 0 ? '' : `\x1b[${drawn}A\x1b[J`}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, 1_000);
  return {
    show: (view) => {
      last = view;
      draw();
    },
    close: () => clearInterval(timer),
  };
};

/** One line with the time for each change: for logs, pipes and continuous integration. */
const plainDisplay = (io: Io): Display => {
  const states = new Map<string, string>();
  let begun = false;
  let lastLine: string | undefined;
  let hold: string | undefined;
  const say = (text: string): void => io.out(`${clock(new Date())} ${printable(text)}\n`);
  return {
    show: (view) => {
      if (!begun) say(heading(view));
      begun = true;
      for (const { id, title, state, note } of view.progress?.steps ?? []) {
        const text = note === undefined ? state : `${state}: ${note}`;
        if (states.get(id) === text) continue;
        if (state !== 'pending' || states.has(id)) {
          say(`${title}: ${text}`);
          hold = undefined;
        }
        states.set(id, text);
      }
      const line = lastLineOf(view);
      if (line !== undefined && line !== lastLine) say(`  ${view.summary.host} printed: ${line}`);
      lastLine = line;
      const held = holdUp(view);
      // A further attempt that fails in the same way is no news.
      const news = view.outage ?? view.summary.waitsFor ?? view.activity?.lastFailure;
      if (held !== undefined && news !== hold) {
        say(held);
        hold = news;
      }
    },
    close: () => {},
  };
};

const jsonLines = (io: Io): Display => ({ show: (view) => io.out(`${JSON.stringify(view)}\n`), close: () => {} });
const nothing: Display = { show: () => {}, close: () => {} };

export interface FollowOptions {
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
  { output, throughBlocks = false, wanted }: FollowOptions,
): Promise<number> => {
  const display =
    output === 'json'
      ? nothing
      : output === 'json-lines'
        ? jsonLines(io)
        : io.columns === undefined
          ? plainDisplay(io)
          : liveDisplay(io, io.columns);
  let last: OperationView | undefined;
  let blockedSince: string | undefined;
  try {
    for await (const view of views) {
      last = view;
      display.show(view);
      if (view.summary.state !== 'blocked') continue;
      if (!throughBlocks) break;
      const since = view.progress?.blocked?.since;
      if (output === 'text' && since !== undefined && since !== blockedSince && io.columns === undefined) {
        io.out(blockedText(view));
      }
      blockedSince = since;
    }
  } finally {
    display.close();
  }
  if (last === undefined) return exitCodes.interrupted;
  if (output === 'json') io.out(`${JSON.stringify(last, undefined, 2)}\n`);
  const { state, operation } = last.summary;
  if (hasEnded(state)) {
    if (output === 'text') io.out(endText(last));
    return state === wanted ? exitCodes.done : codeOfOutcome(state);
  }
  if (state === 'blocked' && !io.signal.aborted) {
    if (output === 'text') io.out(blockedText(last));
    return exitCodes.blocked;
  }
  if (output === 'text') {
    io.err(`\nThe operation goes on. Watch it with: quorate operations watch ${operation}\n`);
  }
  return exitCodes.interrupted;
};
