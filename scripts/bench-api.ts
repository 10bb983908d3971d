// npm run bench:api [-- --seconds 30 --listed 10000 --blocked 1000]: what the HTTP API costs, as its users see it: Temporal's
// development server on a file, a worker of the product's workflows that plays its hosts, and `quorate server`, all on this
// machine. The targets are those of docs/benchmarks.md; exit code 1 when one is missed.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import pLimit from 'p-limit';
import { RetryReport, Submitted } from '../src/api/client.js';
import { OperationList } from '../src/api/find-operations.js';
import { startApiHarness } from './api-harness/start.js';

const { values } = parseArgs({
  options: {
    /** How long operations are asked for, 50 in a second. */
    seconds: { type: 'string', default: '30' },
    /** Operations there are when the first page is asked for. */
    listed: { type: 'string', default: '10000' },
    /** Operations that are blocked when all are retried. */
    blocked: { type: 'string', default: '1000' },
  },
});
const perSecond = 50;
const seconds = Number(values.seconds);
const listed = Number(values.listed);
const blocked = Number(values.blocked);
const hostsPerCluster = 50;
const steadyClusters = 10;
/** About what a worker's join takes on a real host. */
const kubeadmMs = 3_000;

/** @param parallel how many of its joins run at the same time; the others wait for their turn */
const specification = (cluster: string, parallel: number): string => `apiVersion: quorate.dev/v1alpha1
kind: Cluster
metadata: { name: ${cluster} }
spec:
  kubernetesVersion: v1.37.1
  controlPlaneEndpoint: 10.203.0.10:6443
  networking: { podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16 }
  loadBalancer: { kind: external }
  policy: { resumeWhenHealthy: false, parallelJoins: ${parallel}, budgets: { unreachable: 1s } }
  hosts:
    cp1: { role: control-plane, address: 10.203.0.11 }
    cp2: { role: control-plane, address: 10.203.0.12 }
${Array.from({ length: hostsPerCluster }, (_, index) => `    n${index}: { role: worker, address: 10.203.1.${index + 1} }`).join('\n')}
`;

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
const sortedUp = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

const harness = await startApiHarness({ kubeadmMs, serverArguments: ['--rate-limit', '100000'] });
const connection = await Connection.connect({ address: harness.temporalAddress });
const temporal = new Client({ connection });
const headers = { authorization: `Bearer ${harness.tokens.operator}`, 'content-type': 'application/json' };

const submit = async (cluster: string, host: string, parallel: number): Promise<Submitted> => {
  const response = await fetch(`${harness.url}/v1/operations`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ verb: 'join', host, specification: { text: specification(cluster, parallel) } }),
  });
  const body: unknown = await response.json();
  if (response.status !== 202) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return Submitted.parse(body);
};

const counted = async (query: string): Promise<number> => (await temporal.workflow.count(query)).count;
const until = async (
  what: string,
  query: string,
  bound: 'at least' | 'at most',
  wanted: number,
  limitMs: number,
): Promise<void> => {
  const end = Date.now() + limitMs;
  for (;;) {
    const count = await counted(query);
    console.error(`${what}: ${count} of ${bound} ${wanted}`);
    if (bound === 'at least' ? count >= wanted : count <= wanted) return;
    if (Date.now() > end) throw new Error(`${what}: not within ${limitMs / 1_000} s`);
    await sleep(3_000);
  }
};

/** Each request is sent at its time, whether or not the ones before it were answered. */
const submitSteadily = async (): Promise<number[]> => {
  const count = seconds * perSecond;
  const started = performance.now();
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      await sleep(Math.max(0, started + (index * 1_000) / perSecond - performance.now()));
      const at = performance.now();
      await submit(`steady-${index % steadyClusters}`, `n${Math.floor(index / steadyClusters) % hostsPerCluster}`, 1);
      return performance.now() - at;
    }),
  );
};

const firstPages = async (): Promise<number[]> => {
  const times: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const at = performance.now();
    const response = await fetch(`${harness.url}/v1/operations?limit=50`, { headers });
    const { operations, nextPageToken } = OperationList.parse(await response.json());
    times.push(performance.now() - at);
    if (operations.length !== 50 || nextPageToken === undefined) throw new Error('that was no first page of many');
  }
  return times;
};

/** Operations that have ended, made without their work: a list does not look into them. */
const fill = async (): Promise<void> => {
  const missing = Math.max(0, listed - (await counted('QuorateOperation IS NOT NULL')));
  console.error(`${missing} more operations that have ended ...`);
  const { SearchAttributeType, defineSearchAttributeKey } = await import('@temporalio/common');
  const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);
  await pLimit(20).map(
    Array.from({ length: missing }, (_, index) => index),
    async (index) => {
      const [cluster, host, key] = [`past-${index % 20}`, `n${index % 400}`, index.toString(16).padStart(8, '0')];
      const handle = await temporal.workflow.start('joinWorker', {
        workflowId: `op/${cluster}/join-worker/${host}/${key}`,
        // No worker asks there.
        taskQueue: 'past',
        args: [],
        memo: { by: 'operator' },
        typedSearchAttributes: [
          { key: keyword('QuorateCluster'), value: cluster },
          { key: keyword('QuorateHost'), value: host },
          { key: keyword('QuorateKind'), value: 'join-worker' },
          { key: keyword('QuorateOperation'), value: `${cluster}/join-worker/${host}/${key}` },
        ],
      });
      await handle.terminate('part of a benchmark');
    },
  );
};

const retryAll = async (): Promise<number> => {
  const clusters = Math.ceil(blocked / hostsPerCluster);
  await pLimit(10).map(
    Array.from({ length: blocked }, (_, index) => index),
    (index) => submit(`outage-${index % clusters}`, `n${Math.floor(index / clusters)}`, 100),
  );
  await until('blocked', 'QuorateBlocked = true', 'at least', blocked, 600_000);
  harness.powerOn();
  const at = performance.now();
  const response = await fetch(`${harness.url}/v1/retry`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ reason: 'the power is back', dryRun: false }),
  });
  const ms = performance.now() - at;
  const body: unknown = await response.json();
  if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  const { accepted, refused } = RetryReport.parse(body);
  if (accepted.length !== blocked) throw new Error(`${accepted.length} accepted, ${refused.length} refused`);
  await until(
    'finished',
    "QuorateCluster STARTS_WITH 'outage-' AND ExecutionStatus = 'Completed'",
    'at least',
    blocked,
    600_000,
  );
  return ms;
};

const rows: string[] = [];
let met = true;
const row = (what: string, measured: string, value: number, target: number, unit: string): void => {
  met &&= value <= target;
  rows.push(`| ${what} | ${measured} | ${target} ${unit} | ${value <= target ? 'yes' : 'NO'} |`);
};
try {
  for (let warm = 0; warm < 3 * steadyClusters; warm += 1) await submit(`steady-${warm % steadyClusters}`, 'n0', 1);
  const times = sortedUp(await submitSteadily());
  const p99 = percentile(times, 0.99);
  row(
    `submit to accepted at ${perSecond} a second for ${seconds} s, p50 / p99 / most`,
    `${[percentile(times, 0.5), p99, times.at(-1) ?? 0].map((ms) => ms.toFixed(0)).join(' / ')} ms`,
    p99,
    150,
    'ms (p99)',
  );
  // What waits is withdrawn; what runs ends.
  for (let index = 0; index < steadyClusters; index += 1) {
    await temporal.workflow.getHandle(`cluster/steady-${index}`).cancel();
  }
  await until('calm: running', "QuorateOperation IS NOT NULL AND ExecutionStatus = 'Running'", 'at most', 0, 120_000);
  await fill();
  const pages = sortedUp(await firstPages());
  const most = pages.at(-1) ?? Number.NaN;
  row(
    `first page of ${await counted('QuorateOperation IS NOT NULL')} operations, p50 / most of ${pages.length}`,
    `${percentile(pages, 0.5).toFixed(0)} / ${most.toFixed(0)} ms`,
    most,
    300,
    'ms',
  );
  const ms = await retryAll();
  row(`retry of ${blocked} blocked operations, all accepted`, `${(ms / 1_000).toFixed(1)} s`, ms / 1_000, 30, 's');
} finally {
  await connection.close();
  await harness.stop();
}
console.log(['| what | measured | target | met |', '| --- | --- | --- | --- |', ...rows].join('\n'));
process.exit(met ? 0 : 1);
