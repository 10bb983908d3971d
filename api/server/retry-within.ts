import type { QuorateClient, RetryFilter, RetryReport } from '../client/client.js';
import type { Caller } from './access/caller.js';

/** Retries what matches on the clusters that the caller reaches, one cluster after the other. */
export const retryWithin = async (
  client: QuorateClient,
  { clusters }: Caller,
  filter: RetryFilter,
  options: { readonly by: string; readonly reason: string; readonly dryRun: boolean },
): Promise<RetryReport> => {
  if (clusters === 'all' || filter.cluster !== undefined) return client.retry(filter, options);
  const report: RetryReport = { dryRun: options.dryRun, accepted: [], refused: [] };
  for (const cluster of clusters) {
    const { accepted, refused } = await client.retry({ ...filter, cluster }, options);
    report.accepted.push(...accepted);
    report.refused.push(...refused);
  }
  return report;
};
