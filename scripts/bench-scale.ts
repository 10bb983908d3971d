// npm run bench:scale [-- --joins 100,300,1000 --time-scale 1]: many worker joins at once by one worker process.
// Simulated hosts (over real SSH), a real Temporal server on a file, one `quorate worker`: a process each, on this
// machine. Ten joins in each cluster. Exit code 1 when a target is missed.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import pLimit from 'p-limit';
import { createQuorateClient } from '../api/client/temporal-client.js';
import { findTemporalExecutable } from '../workers/temporal-server/executable.js';
import { freePort } from '../workers/temporal-server/ports.js';
import { startTemporalServer } from '../workers/temporal-server/server.js';
import { startWatchedProcess } from '../workers/temporal-server/watched-process.js';
import { optionsOf } from './arguments.js';
import { startScaleWorld, type ScaleCluster } from './bench-scale/clusters.js';
import { figuresTable, type Figure } from './figures.js';
import { cpuSeconds, peakRssMiB } from './process-usage.js';

const usage = `Measures many worker joins at once by one worker process, on simulated hosts, ten joins in each cluster.

  --joins N,N,...  joins at once, one round each (default 100,300,1000)
  --time-scale F   what takes a second on an ordinary host takes that many here (default 1)`;
const values = optionsOf(
  usage,
  { joins: { type: 'string', default: '100,300,1000' }, 'time-scale': { type: 'string', default: '1' } },
  ['time-scale'],
);
const joins = values.joins.split(',').map(Number);
const program = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const say = (text: string): void => console.error(`${new Date().toTimeString().slice(0, 8)} ${text}`);

/** At that many joins at once the worker process may hold so much, MiB. */
const rssTarget = { joins: 1_000, MiB: 600 };
const historyTarget = { events: 150, kB: 150 };

interface Round {
  readonly joins: number;
  readonly seconds: number;
  readonly workerRssMiB: number;
  readonly workerCpu: number;
  readonly serverCpu: number;
  readonly hostsCpu: number;
  readonly events: number;
  readonly kB: number;
}

const folder = mkdtempSync(join(tmpdir(), 'quorate-scale-'));
const { path: executable } = await findTemporalExecutable({ say });
const server = await startTemporalServer({
  executable,
  port: await freePort(),
  databaseFile: join(folder, 'temporal.db'),
  logFile: join(folder, 'temporal.log'),
});
const connection = await Connection.connect({ address: server.address });
const temporal = new Client({ connection });
const quorate = createQuorateClient(temporal);

say(`making the hosts of ${Math.ceil(Math.max(...joins) / 10)} clusters ...`);
const { simulation, clusters } = await startScaleWorld(joins, Number(values['time-scale']));

const startWorker = () =>
  startWatchedProcess(
    process.execPath,
    [program, 'worker', '--ssh-config', simulation.sshConfigFile],
    join(folder, 'worker.log'),
    { ...process.env, TEMPORAL_ADDRESS: server.address },
  );

const submit = async (cluster: ScaleCluster, verb: 'init' | 'join', host: string): Promise<string> => {
  const { workflowId } = await quorate.submit({
    specification: { text: cluster.specification, file: `${cluster.name}.yaml` },
    verb,
    host,
    key: 'scale',
    by: 'bench:scale',
  });
  return workflowId;
};

/** Waits for the end of an operation, which may have to wait in its queue. @throws Error when it did not succeed */
const succeeds = async (workflowId: string): Promise<void> => {
  for (;;) {
    try {
      await temporal.workflow.getHandle(workflowId).result();
      return;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      await sleep(500);
    }
  }
};
const allSucceed = (workflowIds: readonly string[]): Promise<unknown> => Promise.all(workflowIds.map(succeeds));

const blockedOnes = async (): Promise<string[]> => {
  const { operations } = await quorate.list({ blocked: true, limit: 5 });
  return operations.map(({ operation, blockedReason }) => `${operation}: ${blockedReason}`);
};

const measure = async (round: number): Promise<Round> => {
  const count = joins[round] ?? 0;
  const worker = await startWorker();
  try {
    await sleep(5_000);
    const cpu = () => [cpuSeconds(worker.pid), cpuSeconds(server.pid), process.cpuUsage()] as const;
    const [workerBefore, serverBefore, hostsBefore] = cpu();
    const wanted = clusters.flatMap((cluster) => (cluster.rounds[round] ?? []).map((host) => ({ cluster, host })));
    say(`${wanted.length} joins in ${new Set(wanted.map(({ cluster }) => cluster)).size} clusters at once ...`);
    const started = performance.now();
    const workflowIds = await pLimit(20).map(wanted, ({ cluster, host }) => submit(cluster, 'join', host));
    say(`all taken after ${((performance.now() - started) / 1000).toFixed(0)} s`);
    const progress = setInterval(() => {
      void Promise.all([
        temporal.workflow.count("QuorateOperation IS NOT NULL AND ExecutionStatus = 'Running'"),
        blockedOnes(),
      ]).then(([running, blocked]) =>
        say(`${running.count} of ${count} still run, ${peakRssMiB(worker.pid).toFixed(0)} MiB; ${blocked.join('; ')}`),
      );
    }, 20_000);
    await allSucceed(workflowIds).finally(() => clearInterval(progress));
    const seconds = (performance.now() - started) / 1000;
    const [workerAfter, serverAfter] = cpu();
    const hosts = process.cpuUsage(hostsBefore);
    for (const { cluster, host } of wanted)
      if (!simulation.observer.readyNodes(cluster.controlPlane).includes(host)) throw new Error(`${host} is not Ready`);
    const described = await pLimit(10).map(workflowIds, (workflowId) =>
      temporal.workflow.getHandle(workflowId).describe(),
    );
    return {
      joins: count,
      seconds,
      workerRssMiB: peakRssMiB(worker.pid),
      workerCpu: workerAfter - workerBefore,
      serverCpu: serverAfter - serverBefore,
      hostsCpu: (hosts.user + hosts.system) / 1e6,
      events: Math.max(...described.map(({ historyLength }) => historyLength)),
      kB: Math.max(...described.map(({ historySize }) => historySize ?? 0)) / 1000,
    };
  } finally {
    await worker.stop();
  }
};

const rounds: Round[] = [];
try {
  const worker = await startWorker();
  say(`building ${clusters.length} clusters ...`);
  await pLimit(10).map(clusters, async (cluster) => {
    await allSucceed([await submit(cluster, 'init', cluster.controlPlane)]);
    await simulation.installNetwork(cluster.controlPlane);
  });
  await worker.stop();
  for (const round of joins.keys()) rounds.push(await measure(round));
} finally {
  await connection.close();
  await server.stop();
  await simulation.down();
}
if (simulation.world.defects.length > 0) throw new Error(simulation.world.defects.join('\n'));
rmSync(folder, { recursive: true, force: true });

const perJoin = ({ seconds, joins: count }: Round): number => seconds / count;
const [first] = rounds;
const figures = rounds.flatMap((round): Figure[] => {
  const name = `${round.joins} joins in ${Math.ceil(round.joins / 10)} clusters`;
  const growth = first === undefined ? 1 : perJoin(round) / perJoin(first);
  return [
    {
      what: `${name}: all joined after`,
      measured: `${round.seconds.toFixed(0)} s (${(round.joins / round.seconds).toFixed(1)} joins per second)`,
    },
    {
      what: `${name}: time per join against that of ${first?.joins}`,
      measured: growth.toFixed(2),
      target: { text: 'grows at most as the number of joins', met: growth <= round.joins / (first?.joins ?? 1) },
    },
    {
      what: `${name}: worker process at most`,
      measured: `${round.workerRssMiB.toFixed(0)} MiB RSS`,
      ...(round.joins === rssTarget.joins
        ? { target: { text: `at most ${rssTarget.MiB} MiB`, met: round.workerRssMiB <= rssTarget.MiB } }
        : {}),
    },
    {
      what: `${name}: processor time per join of worker, Temporal server, simulated hosts`,
      measured: [round.workerCpu, round.serverCpu, round.hostsCpu]
        .map((cpu) => `${((cpu / round.joins) * 1000).toFixed(0)} ms`)
        .join(', '),
    },
    {
      what: `${name}: longest history of a join`,
      measured: `${round.events} events, ${round.kB.toFixed(0)} kB`,
      target: {
        text: `at most ${historyTarget.events} events and ${historyTarget.kB} kB`,
        met: round.events <= historyTarget.events && round.kB <= historyTarget.kB,
      },
    },
  ];
});
console.log(`${cpus().length} cores, Node.js ${process.versions.node}\n`);
console.log(figuresTable(figures));
process.exit(figures.every(({ target }) => target === undefined || target.met) ? 0 : 1);
