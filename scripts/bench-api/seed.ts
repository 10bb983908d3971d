import type { Client } from '@temporalio/client';
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import pLimit from 'p-limit';
import { names } from '../../model/messages.js';
import { searchAttributes, type SearchAttributeName } from '../../model/search-attributes.js';

const keyword = (name: SearchAttributeName, value: string) => {
  if (searchAttributes[name] !== 'Keyword') throw new Error(`${name} is no keyword`);
  return { key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD), value };
};

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
        keyword('QuorateCluster', cluster),
        keyword('QuorateHost', host),
        keyword('QuorateKind', 'join-worker'),
        keyword('QuorateOperation', `${cluster}/join-worker/${host}/${index.toString(16).padStart(8, '0')}`),
        keyword('QuoratePhase', 'proof'),
      ],
    });
    await handle.terminate('seeded for a benchmark');
  };
  await Promise.all(Array.from({ length: count }, (_, index) => limit(() => one(index))));
};
