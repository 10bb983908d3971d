import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { requireRoom } from '../api/connection/database-disk.js';
import { claimDatabase } from '../api/connection/dev-registry.js';
import { openToOthers } from '../model/private-file.js';
import { runWorker } from './run-worker.js';
import { findTemporalExecutable } from './temporal-server/executable.js';
import { stateFolder } from '../api/connection/user-folders.js';
import { removeEmpty, watchDisk } from './temporal-server/database-file.js';
import { requireFreePort } from './temporal-server/ports.js';
import { superviseTemporalServer } from './temporal-server/supervise.js';
import { workflowBundle } from './workflow-bundle.js';

export interface DevOptions {
  /** Port of Temporal's gRPC front end on 127.0.0.1; default 7233. */
  readonly port?: number;
  /** Port of the web UI on 127.0.0.1; default `port` + 1000. */
  readonly uiPort?: number;
  /** SQLite database of the server; default `$XDG_STATE_HOME/quorate/temporal.db`. */
  readonly databaseFile?: string;
  /** The `temporal` executable; found or fetched when absent. */
  readonly executable?: string;
  readonly activities: object;
  /** Default `quorate`. */
  readonly taskQueue?: string;
  /** Told what happens, one line each. */
  readonly say: (line: string) => void;
}

export interface Dev {
  readonly address: string;
  readonly uiAddress: string;
  /** Rejects when the server or the worker could not be kept running. */
  readonly ended: Promise<void>;
  /** Ends the worker, then the server; the database stays. */
  readonly stop: () => Promise<void>;
}

const ip = '127.0.0.1';

/** One path per file however it is written, so that two claims of one database meet. */
const absolute = (file: string): string => {
  mkdirSync(dirname(resolve(file)), { recursive: true, mode: 0o700 });
  return join(realpathSync(dirname(resolve(file))), basename(file));
};

/** What the server makes is for its user alone; what is there already may have been made by something else. */
const requirePrivate = (databaseFile: string): void => {
  for (const file of [databaseFile, `${databaseFile}-wal`, `${databaseFile}-shm`]) {
    const access = statSync(file, { throwIfNoEntry: false });
    if (access === undefined) continue;
    const problem = openToOthers(file, 'the history of all operations', access, process.getuid?.());
    if (problem !== undefined) throw problem;
  }
};

/**
 * Everything that operations need in one process tree on this machine, reachable from this machine only: a Temporal
 * server with a database that outlives it, its search attributes, and a worker.
 *
 * @throws OperatorError
 */
export const startDev = async (options: DevOptions): Promise<Dev> => {
  const { say } = options;
  const port = options.port ?? 7233;
  const uiPort = options.uiPort ?? port + 1000;
  const databaseFile = absolute(options.databaseFile ?? join(stateFolder(), 'temporal.db'));
  const logFile = `${databaseFile.replace(/\.db$/, '')}.log`;
  const address = `${ip}:${port}`;

  requirePrivate(databaseFile);
  requireRoom(databaseFile);
  const release = claimDatabase({ address, databaseFile });
  try {
    await requireFreePort(ip, port, 'the Temporal server', '--port');
    await requireFreePort(ip, uiPort, 'the Temporal UI', '--ui-port');
    const executable = await findTemporalExecutable({
      say,
      ...(options.executable === undefined ? {} : { executable: options.executable }),
    });
    say(`Temporal: ${executable.path} (${executable.source}), version ${executable.version}`);
    say(`database: ${databaseFile}`);
    removeEmpty(databaseFile);
    // Takes seconds after a change of the workflows, so it begins while the server does.
    const bundle = workflowBundle({ say });
    bundle.catch(() => {});
    const server = await superviseTemporalServer(
      { executable: executable.path, port, uiPort, databaseFile, logFile },
      { say },
    );
    say(`Temporal server: ${address} (pid ${server.current().pid}), its log: ${logFile}`);
    try {
      const worker = await runWorker({
        target: { address, namespace: 'default', source: 'quorate dev', connectionOptions: { address } },
        activities: options.activities,
        say,
        graceMs: 5_000,
        bundle,
        ...(options.taskQueue === undefined ? {} : { taskQueue: options.taskQueue }),
      });
      const stopWatching = watchDisk(databaseFile, say);
      return {
        address,
        uiAddress: `http://${ip}:${uiPort}`,
        ended: Promise.race([server.ended, worker.ended]),
        stop: async () => {
          stopWatching();
          await worker.stop();
          await server.stop();
          release();
        },
      };
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    release();
    throw error;
  }
};
