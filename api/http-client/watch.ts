import { setTimeout as sleep } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { OperatorError } from '../../model/failures/operator-error.js';
import { hasEnded, type OperationSummary } from '../client/operation-summary.js';
import { OperationView } from '../client/operation-view.js';
import type { WatchOptions } from '../client/watch-operation.js';
import { serverSilent } from './call.js';
import { errorOf, readProblem } from './problems.js';
import type { Transport } from './transport.js';

/** The server is never silent for so long: it sends a comment every 15 seconds. */
const silenceMs = 40_000;

/** Whether a retry may help: the connection was lost, or somebody does not answer yet. */
const isPassing = (error: unknown): boolean =>
  error instanceof OperatorError
    ? error.kind === 'temporal-unreachable'
    : (error as { code?: unknown }).code !== undefined;

/**
 * The events of one connection; before them `connected`, instead of them `over` when there is nothing to come.
 *
 * @throws what the server answers instead, and what broke the connection.
 */
async function* eventsOf(
  transport: Transport,
  path: string,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<EventSourceMessage | 'connected' | 'over', void, void> {
  const { statusCode, body } = await transport.send({
    method: 'GET',
    path,
    signal,
    silenceMs,
    headers: {
      accept: 'text/event-stream, application/problem+json',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  });
  if (statusCode !== 200) {
    const text = await body.text();
    if (statusCode === 204) {
      yield 'over';
      return;
    }
    const problem = readProblem(text);
    if (problem !== undefined) throw errorOf(problem);
    throw new OperatorError('temporal-unreachable', `${transport.server} answered ${statusCode}.`, {
      remedy: 'Correct QUORATE_SERVER.',
    });
  }
  yield 'connected';
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => void events.push(event) });
  body.setEncoding('utf8');
  for await (const chunk of body) {
    parser.feed(chunk as string);
    yield* events.splice(0);
  }
}

const viewOf = ({ event, data }: EventSourceMessage): OperationView => {
  if (event !== 'problem') return OperationView.parse(JSON.parse(data));
  const problem = readProblem(data);
  throw problem === undefined ? new Error('the server sent a problem that cannot be read') : errorOf(problem);
};

/**
 * Follows the event stream of an operation until it has ended. A lost connection is resumed where it broke; while that
 * does not succeed, it is part of the view (`outage`), never an error.
 *
 * @throws what the server refuses, such as a token that was revoked.
 */
export async function* watchEvents(
  transport: Transport,
  operation: OperationSummary,
  { signal }: WatchOptions = {},
): AsyncGenerator<OperationView, void, void> {
  const path = `/v1/operations/${operation.operation.split('/').map(encodeURIComponent).join('/')}/events`;
  const own = new AbortController();
  const stopped = signal === undefined ? own.signal : AbortSignal.any([own.signal, signal]);
  let lastEventId: string | undefined;
  let last: OperationView = { summary: operation };
  let lost = false;
  let failures = 0;
  try {
    while (!stopped.aborted) {
      try {
        for await (const event of eventsOf(transport, path, lastEventId, stopped)) {
          if (event === 'over') return;
          if (event === 'connected') {
            // What was missed comes as an event; even if nothing was, the outage is over.
            if (lost) yield last;
            lost = false;
            continue;
          }
          failures = 0;
          last = viewOf(event);
          lastEventId = event.id ?? lastEventId;
          yield last;
          if (hasEnded(last.summary.state)) return;
        }
      } catch (error) {
        if (stopped.aborted) return;
        if (!isPassing(error)) throw error;
        failures += 1;
        // Not worth telling when the next connection succeeds at once.
        if (failures > 1 && !lost) {
          lost = true;
          yield { ...last, outage: serverSilent };
        }
      }
      await sleep(Math.min(100 * 2 ** failures, 3_000), undefined, { signal: stopped }).catch(() => {});
    }
  } finally {
    own.abort();
  }
}
