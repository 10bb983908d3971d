import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperationView } from '../../client/operation-view.js';

/**
 * Name of a view among those of its operation: the revision of the progress, then a digest of the whole view. The
 * revision alone would not do: what a worker prints and an outage change a view without a change of the progress, and
 * an operation that was reset counts from the beginning.
 */
export const eventId = (view: OperationView): string =>
  `${view.progress?.revision ?? 0}-${createHash('sha256').update(JSON.stringify(view)).digest('hex').slice(0, 12)}`;

/** One server-sent event, https://html.spec.whatwg.org/multipage/server-sent-events.html. JSON has no line breaks. */
const viewEvent = (view: OperationView): string => `id: ${eventId(view)}\ndata: ${JSON.stringify(view)}\n\n`;

const problemEvent = (problem: object): string => `event: problem\ndata: ${JSON.stringify(problem)}\n\n`;

/** Tells the client how long to wait before it reconnects, milliseconds, and at once that it is connected. */
const greeting = 'retry: 2000\n\n';
const comment = ': still here\n\n';

export interface EventStreamOptions {
  /** `Last-Event-ID` of the request: what the client has seen already. */
  readonly lastEventId: string | undefined;
  readonly keepAliveMs: number;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** Asked before each event and each comment; the stream ends with what it throws. */
  readonly check: () => void;
  /** The problem that is sent for an error in the middle of the stream; the error is rethrown when undefined. */
  readonly toProblem: (error: unknown) => object;
}

/** The text of an event stream: one event per view, comments while nothing changes; ends with the views. */
export async function* eventStream(
  views: AsyncGenerator<OperationView, void, void>,
  { lastEventId, keepAliveMs, signal, check, toProblem }: EventStreamOptions,
): AsyncGenerator<string, void, void> {
  yield greeting;
  let next = views.next();
  let seen = lastEventId;
  try {
    while (!signal.aborted) {
      const timer = new AbortController();
      const silence = sleep(keepAliveMs, 'silence' as const, { signal: AbortSignal.any([timer.signal, signal]) });
      // An end of the stream ends the wait for both.
      const result = await Promise.race([next, silence.catch(() => 'silence' as const)]);
      timer.abort();
      if (signal.aborted) return;
      check();
      if (result === 'silence') {
        yield comment;
        continue;
      }
      if (result.done === true) return;
      next = views.next();
      if (eventId(result.value) !== seen) yield viewEvent(result.value);
      seen = undefined;
    }
  } catch (error) {
    if (!signal.aborted) yield problemEvent(toProblem(error));
  } finally {
    // The watch ends with the signal; its last answer is not awaited.
    next.catch(() => {});
    views.return().catch(() => {});
  }
}
