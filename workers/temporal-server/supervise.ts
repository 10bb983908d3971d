import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../../model/failures/operator-error.js';
import { startTemporalServer, type TemporalServer, type TemporalServerOptions } from './server.js';

export interface SupervisedServer {
  /** The server that runs now. */
  readonly current: () => TemporalServer;
  /** Rejects when the server could not be kept running; never resolves before `stop`. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface SuperviseOptions {
  readonly say: (line: string) => void;
  /** Waits between the restarts in a row, milliseconds; after the last one it gives up. Default 0.5 s to 8 s. */
  readonly backOffMs?: readonly number[];
  /** A server that ran longer than this starts the row anew, milliseconds; default 60 000. */
  readonly healthyAfterMs?: number;
}

/**
 * Keeps the development server running: one that dies is started again on the same database and port. Workers and
 * clients reconnect by themselves, and what the server had acknowledged is in its database.
 *
 * @throws OperatorError (failed) when the first start does not succeed.
 */
export const superviseTemporalServer = async (
  options: TemporalServerOptions,
  { say, backOffMs = [500, 1_000, 2_000, 4_000, 8_000], healthyAfterMs = 60_000 }: SuperviseOptions,
): Promise<SupervisedServer> => {
  let server = await startTemporalServer(options);
  let stopping = false;

  const watch = async (): Promise<void> => {
    let restarts = 0;
    let startedAt = performance.now();
    for (;;) {
      const code = await server.ended;
      if (stopping) return;
      say(
        `the Temporal server (pid ${server.pid}) ended unexpectedly with exit code ${code}; its log: ${options.logFile}`,
      );
      if (performance.now() - startedAt > healthyAfterMs) restarts = 0;
      for (;;) {
        const wait = backOffMs[restarts];
        if (wait === undefined) {
          throw new Error(`the Temporal server ended ${restarts + 1} times in a row; its log: ${options.logFile}`);
        }
        restarts += 1;
        await sleep(wait);
        if (stopping) return;
        try {
          startedAt = performance.now();
          server = await startTemporalServer(options);
          if (stopping) await server.stop();
          else say(`the Temporal server runs again (pid ${server.pid}); operations go on where they were`);
          break;
        } catch (error) {
          say(`the Temporal server did not start: ${errorText(error)}`);
        }
      }
    }
  };

  const ended = watch();
  // Whoever supervises awaits it later; until then a rejection is not unhandled.
  ended.catch(() => {});
  return {
    current: () => server,
    ended,
    stop: async () => {
      stopping = true;
      await server.stop();
      await ended.catch(() => {});
    },
  };
};
