import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { findTemporalExecutable } from '../../workers/temporal-server/executable.js';
import { freePort } from '../../workers/temporal-server/ports.js';
import { startTemporalServer } from '../../workers/temporal-server/server.js';
import type { TemporalServer } from '../../workers/temporal-server/server.js';

/** A Temporal server whose database outlives it, and a client that does as well. */
export interface OwnTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly client: Client;
  /** SIGKILL, then the same server again on the same database; resolves when that answers. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** How long nobody answers. */
const downMs = 200;

export const startOwnTemporal = async (folder: string): Promise<OwnTemporal> => {
  const options = {
    executable: (await findTemporalExecutable({ say: console.error })).path,
    port: await freePort(),
    databaseFile: join(folder, 'temporal.db'),
    logFile: join(folder, 'temporal.log'),
  };
  let server: TemporalServer = await startTemporalServer(options);
  const { address, namespace } = server;
  const connection = await Connection.connect({ address });
  return {
    address,
    namespace,
    client: new Client({ connection, namespace }),
    crash: async () => {
      const { pid, ended } = server;
      process.kill(pid, 'SIGKILL');
      await ended;
      await sleep(downMs);
      server = await startTemporalServer(options);
    },
    stop: async () => {
      await connection.close();
      await server.stop();
    },
  };
};
