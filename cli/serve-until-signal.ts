import { firstSignal } from '../workers/signals.js';
import { exitCodes } from './exit-codes.js';
import { unlessInterrupted } from './interrupt.js';
import type { Io } from './io.js';

export interface Serving {
  /** Settles, or rejects, when it cannot go on. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The start of a server until ^C: what it had started ends with this process. @throws Interrupted */
export const starting = <Started>({ signal }: Io, name: string, start: () => Promise<Started>): Promise<Started> =>
  unlessInterrupted(signal, start(), `Interrupted before ${name} was ready.`);

/**
 * Serves until a signal or until it cannot go on.
 *
 * @param goodbye what becomes of what it did, in words that follow "SIGTERM: quorate worker ends;"
 * @returns the exit code.
 */
export const serveUntilSignal = async (
  serving: Serving,
  say: (line: string) => void,
  name: string,
  goodbye: string,
): Promise<number> => {
  const signal = firstSignal();
  const failure = serving.ended.then(
    () => new Error(`${name} ended`),
    (error: unknown) => error,
  );
  const first = await Promise.race([signal, failure]);
  if (typeof first !== 'string') {
    await serving.stop();
    throw first;
  }
  say(`${first}: ${name} ends; ${goodbye}`);
  await serving.stop();
  say(`${name} has ended`);
  return exitCodes.done;
};
