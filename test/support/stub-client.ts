import type { QuorateClient } from '../../api/client/client.js';
import type { OperationSummary } from '../../api/client/operation-summary.js';
import { StatusReport } from '../../model/status/status.js';

export interface StubClient extends QuorateClient {
  /** What was asked for, in order: the function and its arguments. */
  readonly calls: (readonly [name: keyof QuorateClient, ...args: readonly unknown[]])[];
}

export const summaryOf = (operation: string, state: OperationSummary['state'] = 'running'): OperationSummary => {
  const [cluster = '', kind = '', host = ''] = operation.split('/');
  return {
    operation,
    cluster,
    kind,
    host,
    state,
    since: '2026-11-24T10:00:00.000Z',
    workflowId: `op/${cluster}/${kind}/${host}`,
    runId: 'run',
  };
};

const answers: QuorateClient = {
  submit: ({ host }) =>
    Promise.resolve({
      operation: `prod/join-worker/${host}/1f00aa11`,
      cluster: 'prod',
      kind: 'join-worker',
      host,
      workflowId: `op/prod/join-worker/${host}`,
      position: 0,
    }),
  plan: ({ host }) =>
    Promise.resolve({
      cluster: 'prod',
      kind: 'join-worker',
      host,
      at: '2026-11-24T10:00:00.000Z',
      findings: [],
      plan: [],
    }),
  status: () =>
    Promise.resolve(
      StatusReport.parse({
        cluster: 'prod',
        at: '2026-11-24T10:00:00.000Z',
        apiServers: [],
        endpoint: { address: '10.203.0.10:6443', ok: true },
        backends: [],
        leases: [],
        nodes: [],
        certificates: [],
        problems: [],
      }),
    ),
  clusters: () =>
    Promise.resolve({
      clusters: ['dev', 'prod', 'stage'].map((cluster) => ({ cluster, running: 0, blocked: 0, waiting: 0 })),
      notes: [],
    }),
  list: () => Promise.resolve({ operations: [], notes: [] }),
  find: (typed) => Promise.resolve(summaryOf(typed)),
  view: (summary) => Promise.resolve({ summary }),
  watch: async function* (summary) {
    yield await Promise.resolve({ summary: { ...summary, state: 'finished' } });
  },
  decide: () => Promise.resolve(),
  cancel: () => Promise.resolve('cancelling'),
  retry: (_filter, { dryRun }) => Promise.resolve({ dryRun, accepted: [], refused: [] }),
};

/** A client that does nothing but remember what it was asked. @param own answers of a test. */
export const stubClient = (own: Partial<QuorateClient> = {}): StubClient => {
  const calls: StubClient['calls'] = [];
  const all = { ...answers, ...own };
  const recorded = Object.fromEntries(
    Object.entries(all).map(([name, answer]) => [
      name,
      (...args: unknown[]) => {
        calls.push([name as keyof QuorateClient, ...args]);
        return (answer as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as QuorateClient;
  return { ...recorded, calls };
};
