import { Client } from '@temporalio/client';
import type { QuorateClient } from '../api/client/client.js';
import { createHttpClient } from '../api/http-client/http-client.js';
import { httpSettings } from '../api/http-client/settings.js';
import { lookAtDisk } from '../api/client/server-disk.js';
import { createQuorateClient } from '../api/client/temporal-client.js';
import { fullDiskOfServer } from '../api/connection/database-disk.js';
import { connectClient, resolveTemporal } from '../api/connection/connect.js';
import { interruptible, unlessInterrupted } from './interrupt.js';
import { taskQueueOf, type Io } from './io.js';

type Work<Result> = (client: QuorateClient) => Promise<Result>;

/** After ^C a way in ends with the process: to close it takes time, and calls under way would say that they fail. */
const unlessEnding = async ({ signal }: Io, close: () => Promise<void>): Promise<void> => {
  if (!signal.aborted) await close();
};

const withTemporal = async <Result>(io: Io, work: Work<Result>): Promise<Result> => {
  const target = resolveTemporal(io.env);
  const connection = await unlessInterrupted(io.signal, connectClient(target));
  try {
    const temporal = new Client({ connection, namespace: target.namespace });
    lookAtDisk(temporal, () => fullDiskOfServer(target.address, io.env));
    return await work(interruptible(createQuorateClient(temporal, taskQueueOf(io.env)), io.signal));
  } finally {
    await unlessEnding(io, () => connection.close());
  }
};

/**
 * Runs a command's work over the way in that the environment names, and closes it: the HTTP API of QUORATE_SERVER when
 * that is set, else Temporal.
 *
 * @throws OperatorError, Interrupted
 */
export const withClient = async <Result>(io: Io, work: Work<Result>): Promise<Result> => {
  const settings = httpSettings(io.env);
  if (settings === undefined) return withTemporal(io, work);
  const http = createHttpClient(settings);
  try {
    return await work(interruptible(http.client, io.signal));
  } finally {
    await unlessEnding(io, http.close);
  }
};
