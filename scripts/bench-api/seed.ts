import type { Client } from '@temporalio/client';
import pLimit from 'p-limit';
import { names } from '../../model/messages.js';
import { searchAttributes } from '../../model/search-attributes.js';

/**
 * Makes rows of operations for lists: workflows with what lists read, ended at once. Nothing of them runs, as nobody
 * polls their task queue.
 */
export const seedOperations = async (client: Client, count: number, clusters: number): Promise<void> => {
  const limit = pLimit(32);
  const one = async (index: number): Promise<void> => {
    const cluster = `seed-${index % clusters}`;
    const host = `w${Math.floor(index / clusters)}`;
    const handle = await client.workflow.start(names.workflows['join-worker'], {
      workflowId: `op/${cluster}/join-worker/${host}`,
      taskQueue: 'nobody',
      args: [],
      memo: { by: 'bench' },
      typedSearchAttributes: [
        { key: searchAttributes.cluster, value: cluster },
        { key: searchAttributes.host, value: host },
        { key: searchAttributes.kind, value: 'join-worker' },
        {
          key: searchAttributes.operation,
          value: `${cluster}/join-worker/${host}/${index.toString(16).padStart(8, '0')}`,
        },
        { key: searchAttributes.phase, value: 'proof' },
      ],
    });
    await handle.terminate('seeded for a benchmark');
  };
  await Promise.all(Array.from({ length: count }, (_, index) => limit(() => one(index))));
};
