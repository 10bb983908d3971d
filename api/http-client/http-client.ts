import { randomUUID } from 'node:crypto';
import { PlanReport } from '../../model/plan-report.js';
import { StatusReport } from '../../model/status/status.js';
import { ClusterList, RetryReport, Submitted, type QuorateClient, type SpecificationText } from '../client/client.js';
import { call } from './call.js';
import type { HttpClientOptions } from './settings.js';
import { createTransport } from './transport.js';
import { watchEvents } from './watch.js';
import { OperationList } from '../client/find-operations.js';
import type { OperationSummary } from '../client/operation-summary.js';
import { OperationSummary as Summary } from '../client/operation-summary.js';
import { OperationView } from '../client/operation-view.js';
import { CancelAnswer, DecideAnswer } from '../http/answers.js';

export interface HttpClient {
  readonly client: QuorateClient;
  /** Closes its connections; requests in flight fail. */
  readonly close: () => Promise<void>;
}

/** Long enough for a server to restart. */
const readMs = 5_000;

const pathOf = ({ operation }: OperationSummary): string =>
  `/v1/operations/${operation.split('/').map(encodeURIComponent).join('/')}`;

/** As it is sent. */
const textOf = ({ text, file }: SpecificationText): SpecificationText => ({ text, file });

const queryOf = (fields: object): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
};

/**
 * The use cases of Quorate over the HTTP API of a server (`quorate server`). Requests that change something carry a key
 * and are repeated with it, so that nothing is done twice when an answer is lost.
 *
 * @throws OperatorError (bad-usage) when the address cannot be used.
 */
export const createHttpClient = (options: HttpClientOptions): HttpClient => {
  const transport = createTransport(options);
  const get = { method: 'GET', totalMs: readMs } as const;
  // Each call has its own key unless it brings one; its retries have the same.
  const post = (body: unknown, key: string = randomUUID()) =>
    ({
      method: 'POST',
      totalMs: options.patienceMs ?? 60_000,
      headersMs: 65_000,
      body,
      headers: { 'idempotency-key': key },
    }) as const;

  const client: QuorateClient = {
    submit: ({ specification, verb, host, by, key }, waiting) =>
      call(transport, {
        ...post({ specification: textOf(specification), verb, host, by }, key),
        what: `submitting ${verb} ${host}`,
        path: '/v1/operations',
        answer: Submitted,
        onWaiting: waiting?.onWaiting,
      }),
    plan: ({ specification, verb, host }, waiting) =>
      call(transport, {
        ...post({ specification: textOf(specification), verb, host }),
        what: `reading the plan of ${verb} ${host}`,
        path: '/v1/plan',
        answer: PlanReport,
        headersMs: 120_000,
        totalMs: 90_000,
        onWaiting: waiting?.onWaiting,
      }),
    status: (specification, waiting) =>
      call(transport, {
        ...post({ specification: textOf(specification) }),
        what: 'reading the status',
        path: '/v1/status',
        answer: StatusReport,
        headersMs: 120_000,
        totalMs: 90_000,
        onWaiting: waiting?.onWaiting,
      }),
    clusters: () => call(transport, { ...get, what: 'listing clusters', path: '/v1/clusters', answer: ClusterList }),
    list: (filter = {}) =>
      call(transport, {
        ...get,
        what: 'listing operations',
        path: `/v1/operations${queryOf(filter)}`,
        answer: OperationList,
      }),
    find: (typed, prefer) =>
      call(transport, {
        ...get,
        what: `finding ${typed}`,
        path: `/v1/find${queryOf({ name: typed, prefer })}`,
        answer: Summary,
      }),
    view: (summary) =>
      call(transport, { ...get, what: `reading ${summary.operation}`, path: pathOf(summary), answer: OperationView }),
    watch: (summary, watchOptions) => watchEvents(transport, summary, watchOptions),
    decide: async (summary, decision) => {
      await call(transport, {
        ...post(decision),
        what: `deciding ${summary.operation}`,
        path: `${pathOf(summary)}/decide`,
        answer: DecideAnswer,
      });
    },
    cancel: async (summary, why) => {
      const { result } = await call(transport, {
        ...post(why),
        what: `cancelling ${summary.operation}`,
        path: `${pathOf(summary)}/cancel`,
        answer: CancelAnswer,
      });
      return result;
    },
    retry: (filter, retryOptions) =>
      call(transport, {
        ...post({ ...filter, ...retryOptions }),
        what: 'retrying blocked operations',
        path: '/v1/retry',
        answer: RetryReport,
        headersMs: 120_000,
      }),
  };
  return { client, close: transport.close };
};
