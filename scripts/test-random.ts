// npm run test:random [-- --seed 1 --runs 500]: random schedules of operations and faults on simulated hosts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import fc from 'fast-check';
import pLimit from 'p-limit';
import { findTemporalExecutable } from '../workers/temporal-server/executable.js';
import { freePort } from '../workers/temporal-server/ports.js';
import { startTemporalServer } from '../workers/temporal-server/server.js';
import { workflowBundle } from '../workers/workflow-bundle.js';
import { runScript } from '../test/simulation/random/run-script.js';
import type { Outcome } from '../test/simulation/random/run-script.js';
import { scripts } from '../test/simulation/random/script.js';
import type { Script } from '../test/simulation/random/script.js';
import { startWorkers } from '../test/simulation/random/workers.js';
import type { Workers } from '../test/simulation/random/workers.js';
import { quietRuntime } from '../test/support/workflow-harness.js';
import { optionsOf } from './arguments.js';
import { writeResults } from './test-random/results.js';
import { createTally } from './test-random/tally.js';

const usage = `Plays random schedules of operations and faults on simulated hosts, mends everything, and checks the invariants.

  --seed N        seed of the first schedule; the next ones have N+1, N+2, ... (default: a random one)
  --runs M        how many schedules (default 16)
  --minutes T     begins no further schedule after that time (default 2.5; with --runs: no limit)
  --parallel P    schedules side by side (default 6)
  --shrink S      seconds for making a failing schedule smaller (default 120; 0: it is printed as it is)
  --script FILE   plays the schedule in a file of JSON, as a failure prints it
  --write         writes the result into docs/simulation-results.md
  --verbose       says of each schedule what was done and why operations waited`;

const values = optionsOf(
  usage,
  {
    seed: { type: 'string' },
    runs: { type: 'string' },
    minutes: { type: 'string' },
    parallel: { type: 'string', default: '6' },
    shrink: { type: 'string', default: '120' },
    script: { type: 'string' },
    write: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
  ['seed', 'runs', 'minutes', 'parallel', 'shrink'],
);
const firstSeed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(values.seed);
const runs = Number(values.runs ?? '16');
const minutes = Number(values.minutes ?? (values.runs === undefined ? '2.5' : '10000'));
const shrinkMs = 1000 * Number(values.shrink);
const parallel = Math.max(1, Number(values.parallel));

const withWorkers = async <T>(work: (workers: Workers) => Promise<T>): Promise<T> => {
  quietRuntime();
  const folder = mkdtempSync(join(tmpdir(), 'quorate-random-'));
  const { path } = await findTemporalExecutable({ say: console.error });
  const server = await startTemporalServer({
    executable: path,
    port: await freePort(),
    logFile: join(folder, 'temporal.log'),
  });
  try {
    const { address, namespace } = server;
    const connection = await Connection.connect({ address });
    const nativeConnection = await NativeConnection.connect({ address });
    const client = new Client({ connection, namespace });
    const workers = await startWorkers(
      { client, nativeConnection, namespace, bundle: await workflowBundle() },
      'random',
    );
    try {
      return await work(workers);
    } finally {
      await workers.close();
      await nativeConnection.close();
      await connection.close();
    }
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

const line = (outcome: Outcome): string =>
  [
    `${(outcome.ms / 1000).toFixed(1)} s`,
    ...outcome.operations.map(({ kind, host, outcome: how }) => `${kind} ${host} ${how}`),
  ].join(', ');
const details = (script: Script, outcome: Outcome): string =>
  [
    `  ${JSON.stringify(script)}`,
    ...outcome.people.map((act) => `  people: ${act}`),
    ...outcome.reasons.map((reason) => `  waited: ${reason}`),
    ...outcome.operations.map(({ operation, summary }) => `  ${operation}: ${summary}`),
  ].join('\n');

/** The smallest schedule that was found to fail, with what it breaks. */
const shrink = async (
  workers: Workers,
  seed: number,
  script: Script,
  outcome: Outcome,
): Promise<readonly [Script, Outcome]> => {
  let smallest: readonly [Script, Outcome] = [script, outcome];
  const known = JSON.stringify(script);
  const property = fc.asyncProperty(scripts, async (candidate) => {
    const played = JSON.stringify(candidate) === known ? outcome : await runScript(workers, candidate);
    if (played.violations.length === 0) return;
    smallest = [candidate, played];
    throw new Error(played.violations.join('\n'));
  });
  await fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: shrinkMs });
  return smallest;
};

const report = (what: string, script: Script, outcome: Outcome): void =>
  console.log(
    [
      `${what}: VIOLATED, ${line(outcome)}`,
      ...outcome.violations.map((violation) => `  ${violation}`),
      details(script, outcome),
      '  again: save the line of JSON as script.json; npm run test:random -- --script script.json',
    ].join('\n'),
  );

const failed = await withWorkers(async (workers) => {
  if (values.script !== undefined) {
    const script = JSON.parse(readFileSync(values.script, 'utf8')) as Script;
    const outcome = await runScript(workers, script);
    if (outcome.violations.length > 0) report(values.script, script, outcome);
    else console.log(`${values.script}: ok, ${line(outcome)}\n${details(script, outcome)}`);
    return outcome.violations.length > 0;
  }
  console.log(`${runs} schedules from seed ${firstSeed} on, ${parallel} side by side`);
  const began = Date.now();
  const tally = createTally();
  const limit = pLimit(parallel);
  let ran = 0;
  const one = async (seed: number): Promise<void> => {
    if (Date.now() - began > minutes * 60_000) return;
    // The same schedule as the check below makes of the seed.
    const [script] = fc.sample(scripts, { seed, numRuns: 1 });
    if (script === undefined) throw new Error(`seed ${seed} gives no schedule`);
    const outcome = await runScript(workers, script);
    ran += 1;
    tally.add(seed, script, outcome);
    if (outcome.violations.length === 0) {
      console.log(`seed ${seed}: ok, ${line(outcome)}`);
      if (values.verbose) console.log(details(script, outcome));
      return;
    }
    report(`seed ${seed}`, script, outcome);
    if (shrinkMs === 0) return;
    const [smaller, itsOutcome] = await shrink(workers, seed, script, outcome);
    if (itsOutcome === outcome) console.log(`seed ${seed}: no smaller one was found to fail in ${shrinkMs / 1000} s`);
    else report(`seed ${seed}, made smaller`, smaller, itsOutcome);
  };
  await Promise.all(Array.from({ length: runs }, (_, index) => limit(() => one(firstSeed + index))));
  const result = tally.result(Date.now() - began);
  console.log(result.text);
  console.log(`schedules: ${ran - result.failed} passed, ${result.failed} failed`);
  if (values.write) {
    const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--', '*.ts') !== '';
    writeResults('random schedules', [
      `Last run on commit ${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}, ${new Date().toISOString().slice(0, 10)}: \`npm run test:random -- --seed ${firstSeed} --runs ${runs}\`.`,
      '',
      result.text,
    ]);
  }
  return result.failed > 0;
});
process.exit(failed ? 1 : 0);
