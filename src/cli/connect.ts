import { Client } from '@temporalio/client';
import type { QuorateClient } from '../api/client.js';
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

/** Runs a command's work over the way in that the environment names, and closes it. @throws OperatorError */
export const withClient = <Result>(io: Io, work: Work<Result>): Promise<Result> => withTemporal(io, work);
