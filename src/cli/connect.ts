import { Client } from '@temporalio/client';
import { createQuorateClient, type QuorateClient } from '../api/client.js';
import { connectClient, resolveTemporal } from '../workers/connect.js';
import { taskQueueOf, type Io } from './io.js';

/** Runs a command's work over a connection to Temporal and closes it. @throws OperatorError */
export const withClient = async <Result>(io: Io, work: (client: QuorateClient) => Promise<Result>): Promise<Result> => {
  const target = resolveTemporal(io.env);
  const connection = await connectClient(target);
  try {
    return await work(
      createQuorateClient(new Client({ connection, namespace: target.namespace }), taskQueueOf(io.env)),
    );
  } finally {
    await connection.close();
  }
};
