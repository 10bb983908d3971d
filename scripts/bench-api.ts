// npm run bench:api [-- --seconds 30 --rate 50 --rows 10000 --blocked 1000]: what the HTTP API costs, against targets.
// A real Temporal server on a file, a worker with the product's workflows and played hosts, `quorate server` and this
// sender: a process each, on this machine. Exit code 1 when a target is missed.
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pLimit from 'p-limit';
import { optionsOf } from './arguments.js';
import { startApiHarness } from './api-harness/start.js';
import { figuresTable, percentile, type Figure } from './figures.js';
import { atRate, requestsTo, type Answer } from './bench-api/requests.js';
import { seedOperations } from './bench-api/seed.js';
import { specificationOf } from './bench-api/specification.js';

const usage = `Measures the HTTP API against its targets: submitting, listing, and retrying what is blocked.

  --seconds N  how long operations are submitted (default 30)
  --rate N     submitted in a second (default 50)
  --rows N     operations in the list that is read (default 10000)
  --blocked N  blocked operations that are retried at once (default 1000)`;
const values = optionsOf(
  usage,
  {
    seconds: { type: 'string', default: '30' },
    rate: { type: 'string', default: '50' },
    rows: { type: 'string', default: '10000' },
    blocked: { type: 'string', default: '1000' },
  },
  ['seconds', 'rate', 'rows', 'blocked'],
);
const [seconds, rate, rows, blocked] = [values.seconds, values.rate, values.rows, values.blocked].map(Number) as [
  number,
  number,
  number,
  number,
];

/** New clusters begin their first operations then, and the worker compiles what it runs. */
const warmSeconds = 10;

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const say = (text: string): void => console.error(`${new Date().toTimeString().slice(0, 8)} ${text}`);
const figures: Figure[] = [];

const harness = await startApiHarness({
  kubeadmMs: 20_000,
  serverArguments: ['--rate-limit', '100000', '--max-connections-per-address', '1000'],
});
const api = requestsTo(harness.url, harness.tokens.operator);
const connection = await Connection.connect({ address: harness.temporalAddress });
const temporal = new Client({ connection });
const refused = (answers: readonly Answer[], status: number): number =>
  answers.filter((answer) => answer.status !== status).length;

const start = (
  cluster: string,
  host: string,
  hosts: number,
  parallel: number,
  due?: number,
  key?: string,
): Promise<Answer> =>
  api.post(
    '/v1/operations',
    { verb: 'join', host, specification: { text: specificationOf(cluster, hosts, parallel) } },
    due,
    key,
  );

/** As clients are told to: a 503 is asked again with the same key. */
const startPatiently = async (cluster: string, host: string, hosts: number, parallel: number): Promise<Answer> => {
  for (let left = 20; ; left -= 1) {
    const answer = await start(cluster, host, hosts, parallel, undefined, `${cluster}/${host}`);
    if (answer.status !== 503 || left === 0) return answer;
    await sleep(1_000);
  }
};

/** First page of a list of many operations. */
const measureList = async (): Promise<void> => {
  say(`making ${rows} operations to list ...`);
  await seedOperations(temporal, rows, 10);
  const counted = async (): Promise<number> => (await temporal.workflow.count('QuorateOperation IS NOT NULL')).count;
  while ((await counted()) < rows) await sleep(200);
  await api.get('/v1/operations');
  const answers: Answer[] = [];
  for (let index = 0; index < 30; index += 1) answers.push(await api.get('/v1/operations'));
  const slowest = Math.max(...answers.map((answer) => answer.ms));
  const page = answers[0]?.body as { operations: unknown[] };
  if (refused(answers, 200) > 0 || page.operations.length !== 50) throw new Error(JSON.stringify(answers[0]?.body));
  figures.push(
    {
      what: `first page (50) of ${rows} operations, median of 30`,
      measured: ms(
        percentile(
          answers.map((a) => a.ms),
          0.5,
        ),
      ),
    },
    {
      what: 'the same, slowest of 30',
      measured: ms(slowest),
      target: { text: 'at most 300 ms', met: slowest <= 300 },
    },
  );
};

/** A bulk retry after an outage. */
const measureRetry = async (): Promise<void> => {
  const clusters = Math.ceil(blocked / 20);
  say(`blocking ${blocked} operations on ${clusters} clusters without power ...`);
  const limit = pLimit(4);
  const answers = await Promise.all(
    Array.from({ length: blocked }, (_, index) =>
      limit(() => startPatiently(`outage-${index % clusters}`, `w${Math.floor(index / clusters) + 1}`, 20, 20)),
    ),
  );
  if (refused(answers, 202) > 0) throw new Error(JSON.stringify(answers.find(({ status }) => status !== 202)));
  const count = async (): Promise<number> => (await temporal.workflow.count('QuorateBlocked = true')).count;
  for (let left = 600; (await count()) < blocked; left -= 1) {
    if (left === 0) throw new Error(`only ${await count()} of ${blocked} operations blocked`);
    await sleep(500);
  }
  say('power is back');
  harness.powerOn();
  const { body, status, ms: took } = await api.post('/v1/retry', { blockedBy: 'Unreachable', reason: 'power is back' });
  const report = body as { accepted: unknown[]; refused: { because: string }[] };
  if (status !== 200) throw new Error(JSON.stringify(body));
  for (const one of report.refused.slice(0, 5)) say(JSON.stringify(one));
  // Of those that their own probe resumed a moment before, there is nothing left to retry.
  const elsewhere = report.refused.filter(({ because }) => because.includes('meanwhile')).length;
  const all = report.accepted.length + elsewhere === blocked;
  figures.push({
    what: `bulk retry of ${blocked} blocked operations: ${report.accepted.length} accepted, ${elsewhere} had gone on by themselves`,
    measured: `${(took / 1000).toFixed(1)} s`,
    target: { text: 'all, within 30 s', met: all && took <= 30_000 },
  });
};

/**
 * Operations that are asked for at a fixed rate. Two joins of each of the ten clusters run at a time and the others wait,
 * as hosts take longer to join than operations to be asked for.
 */
const measureSubmit = async (): Promise<void> => {
  const hosts = Math.ceil((rate * (seconds + warmSeconds)) / 10);
  const load = (index: number, due: number): Promise<Answer> =>
    start(`load-${index % 10}`, `w${Math.floor(index / 10) + 1}`, hosts, 2, due);
  say(`${rate} requests per second for ${warmSeconds} s to warm up, then for ${seconds} s ...`);
  const all = await atRate(rate, warmSeconds + seconds, load);
  const answers = all.slice(rate * warmSeconds);
  const times = answers.map((answer) => answer.ms);
  const p99 = percentile(times, 0.99);
  const lost = refused(answers, 202);
  if (lost > 0) say(JSON.stringify(answers.find(({ status }) => status !== 202)?.body));
  figures.push(
    {
      what: `submit to accepted at ${rate}/s for ${seconds} s (${answers.length} requests, ${lost} refused), p50`,
      measured: ms(percentile(times, 0.5)),
    },
    { what: 'the same, p90', measured: ms(percentile(times, 0.9)) },
    {
      what: 'the same, p99',
      measured: ms(p99),
      target: { text: 'at most 150 ms, none refused', met: p99 <= 150 && lost === 0 },
    },
    { what: 'the same, slowest', measured: ms(Math.max(...times)) },
  );
};

/** What waits in the queues of the first measurement is withdrawn, so that the next one has the machine to itself. */
const calmDown = async (): Promise<void> => {
  for (let index = 0; index < 10; index += 1) await temporal.workflow.getHandle(`cluster/load-${index}`).cancel();
  const running = "QuorateOperation IS NOT NULL AND ExecutionStatus = 'Running'";
  for (let left = 120; (await temporal.workflow.count(running)).count > 0; left -= 1) {
    if (left === 0) throw new Error('operations of the first measurement still run after two minutes');
    await sleep(1_000);
  }
};

try {
  await measureSubmit();
  await calmDown();
  await measureList();
  await measureRetry();
} finally {
  await api.close();
  await connection.close();
  await harness.stop();
}
console.log(`${cpus().length} cores, Node.js ${process.versions.node}\n`);
console.log(figuresTable(figures));
process.exit(figures.every(({ target }) => target === undefined || target.met) ? 0 : 1);
