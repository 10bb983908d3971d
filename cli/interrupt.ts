import type { QuorateClient } from '../api/client/client.js';

/** ^C came while a command waited for an answer. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /**
   * @param message what may go on, or that nothing does.
   * @param evidence how to look at it, one line each.
   */
  constructor(
    message = 'Interrupted before an answer came. Nothing was changed.',
    readonly evidence: readonly string[] = [],
  ) {
    super(message);
  }
}

/**
 * Waits for `work` until ^C: what becomes of it after that is told to nobody.
 *
 * @param message of the error, where it is none about an answer.
 * @throws Interrupted
 */
export const unlessInterrupted = <Result>(
  signal: AbortSignal,
  work: Promise<Result>,
  message?: string,
): Promise<Result> =>
  new Promise((resolve, reject) => {
    const interrupt = (): void => reject(new Interrupted(message));
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', interrupt));
  });

/** For `catch`: what an interrupted command may have set going, in words that follow "before an answer came.". */
export const mayGoOn =
  (what: string, ...evidence: readonly string[]) =>
  (error: unknown): never => {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(`Interrupted before an answer came. ${what}`, evidence);
  };

/** The same items until ^C, which ends the loop even while the next one does not come. */
export async function* untilInterrupted<Item>(
  signal: AbortSignal,
  items: AsyncIterable<Item>,
): AsyncGenerator<Item, void, void> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessInterrupted(signal, iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  } finally {
    // Not waited for: one that hangs in a call ends with the process.
    iterator.return?.()?.catch(() => {});
  }
}

/** A client whose every call ^C ends at once; who watches an operation ends that (follow.ts). */
export const interruptible = (client: QuorateClient, signal: AbortSignal): QuorateClient => {
  const once =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      unlessInterrupted(signal, call(...args));
  return {
    submit: once(client.submit),
    plan: once(client.plan),
    status: once(client.status),
    clusters: once(client.clusters),
    list: once(client.list),
    find: once(client.find),
    view: once(client.view),
    watch: client.watch,
    decide: once(client.decide),
    cancel: once(client.cancel),
    retry: once(client.retry),
  };
};
