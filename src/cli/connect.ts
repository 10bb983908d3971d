import { Client } from '@temporalio/client';
import type { QuorateClient } from '../api/client.js';
import { createHttpClient } from '../api/http-client.js';
import { httpSettings } from '../api/http/settings.js';
import { createQuorateClient } from '../api/temporal-client.js';
import { connectClient, resolveTemporal } from '../workers/connect.js';
import { taskQueueOf, type Io } from './io.js';

type Work<Result> = (client: QuorateClient) => Promise<Result>;

const withTemporal = async <Result>(io: Io, work: Work<Result>): Promise<Result> => {
  const target = resolveTemporal(io.env);
  const connection = await connectClient(target);
  try {
    const temporal = new Client({ connection, namespace: target.namespace });
    return await work(createQuorateClient(temporal, taskQueueOf(io.env)));
  } finally {
    await connection.close();
  }
};

/**
 * Runs a command's work over the way in that the environment names, and closes it: the HTTP API of QUORATE_SERVER when
 * that is set, else Temporal.
 *
 * @throws OperatorError
 */
export const withClient = async <Result>(io: Io, work: Work<Result>): Promise<Result> => {
  const settings = httpSettings(io.env);
  if (settings === undefined) return withTemporal(io, work);
  const { client, close } = createHttpClient(settings);
  try {
    return await work(client);
  } finally {
    await close();
  }
};
