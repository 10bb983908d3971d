import type { OperationView } from '../api/client/operation-view.js';
import { heading, holdUp, lastLineOf, operationLines } from './format/operation.js';
import { clock, printable, rowsOf, shortDuration } from './format/text.js';
import type { Io } from './io.js';

/** Shows an operation while it changes. */
export interface Display {
  readonly show: (view: OperationView) => void;
  readonly close: () => void;
}

/** A block that is cut to less than this says nothing. */
const leastColumns = 20;
const leastRows = 5;

/** Whether `out` is a terminal that a block can be drawn on; one that does not know its size is none. */
export const canBeDrawnOn = ({ columns = 0, rows = Number.POSITIVE_INFINITY }: Io): boolean =>
  columns >= leastColumns && rows >= leastRows;

/**
 * A block that is drawn again in place, each second and at each change.
 *
 * @param options.blocked says in the block why it is blocked, for a watch that goes on then.
 */
export const liveDisplay = (io: Io, { blocked }: { readonly blocked: boolean }): Display => {
  let drawn: readonly string[] = [];
  let last: OperationView | undefined;
  let columns = 80;
  const draw = (): void => {
    if (last === undefined) return;
    // A terminal that does not know its size any more has the width that it had.
    columns = io.columns ?? columns;
    const { rows } = io;
    const lines = operationLines(last, {
      now: Date.now(),
      // A line as long as the terminal is wide, or a block as high, would make it scroll.
      columns: Math.max(1, columns - 1),
      ...(rows === undefined ? {} : { rows: Math.max(1, rows - 1) }),
      colour: io.env['NO_COLOR'] === undefined,
      footing: true,
      blocked,
    });
    // A terminal that became narrower has broken the lines that are on it.
    const up = rowsOf(drawn, columns);
    (io.draw ?? io.out)(`${up === 0 ? '' : `\x1b[${up}A\x1b[J`}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines;
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
export const plainDisplay = (io: Io): Display => {
  const states = new Map<string, string>();
  let decided: number | undefined;
  let begun = false;
  let lastLine: string | undefined;
  let hold: string | undefined;
  const say = (text: string): void => io.out(`${clock(new Date())} ${printable(text)}\n`);
  return {
    show: (view) => {
      if (!begun) say(heading(view));
      begun = true;
      const { steps = [], decisions = [] } = view.progress ?? {};
      // Those before the first look are history.
      for (const { action, by, reason } of decisions.slice(decided ?? decisions.length)) {
        say(`decision: ${action} by ${by}${reason === '' ? '' : ` (${reason})`}`);
      }
      if (view.progress !== undefined) decided = decisions.length;
      for (const { id, title, state, note, budgetMs } of steps) {
        const budget = state === 'running' && budgetMs !== undefined ? ` (at most ${shortDuration(budgetMs)})` : '';
        const text = note === undefined ? `${state}${budget}` : `${state}: ${note}`;
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
