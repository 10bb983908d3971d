import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { fullDisk, requireRoom } from '../../api/connection/database-disk.js';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { addSearchAttributes, keepClosedWorkflows } from './namespace.js';
import { runProgram } from './run-program.js';
import { startWatchedProcess } from './watched-process.js';

export interface TemporalServerOptions {
  /** Path of the `temporal` executable. */
  readonly executable: string;
  readonly port: number;
  /** Port of the web UI; none when absent. */
  readonly uiPort?: number;
  /** SQLite file that outlives the server; in memory when absent. */
  readonly databaseFile?: string;
  /** The server's output. */
  readonly logFile: string;
  /** Default 127.0.0.1: a development server has no authentication. */
  readonly ip?: string;
  /** How long closed workflows are kept; default 30. */
  readonly retentionDays?: number;
  /** How long it may take to answer, milliseconds; default 30 000. */
  readonly deadlineMs?: number;
}

export interface TemporalServer {
  /** host:port of the gRPC front end. */
  readonly address: string;
  readonly namespace: string;
  readonly pid: number;
  /** Settles with the exit code when the server ended for whatever reason. */
  readonly ended: Promise<number>;
  readonly stop: () => Promise<void>;
  readonly lastLines: (count: number) => string[];
}

const namespace = 'default';

const dynamicConfiguration = [
  // Without it the server asks version.temporal.io for news.
  'frontend.enableServerVersionCheck=false',
  // The server's own HTTP API is on a random port and obeys any page of a browser, whatever its origin. Nothing here
  // uses it. Go's HTTP server refuses a Host header with blanks, so nobody can send this one.
  'frontend.httpAllowedHosts=["nobody may ask"]',
];

/** Options of the web UI that only newer executables have: those without it have no news either, or a switch in the UI. */
const newerUiOptions = async (executable: string): Promise<string[]> => {
  const help = await runProgram(executable, ['server', 'start-dev', '--help']);
  // Without it the browser asks newsfeed.temporal.io for news.
  return ['--ui-disable-news-fetch'].filter((option) => help.stdout.includes(option));
};

const serverArguments = async (options: TemporalServerOptions): Promise<string[]> => {
  const { executable, ip = '127.0.0.1', port, uiPort, databaseFile } = options;
  const flags: Record<string, string> = {
    ip,
    port: String(port),
    ...(uiPort === undefined ? {} : { 'ui-port': String(uiPort) }),
    ...(databaseFile === undefined ? {} : { 'db-filename': databaseFile }),
    'log-level': 'warn',
    'log-format': 'json',
  };
  // Three times the throughput of SQLite's default journal; survives kill -9 of the server.
  const pragmas = ['journal_mode=WAL', 'synchronous=1'].flatMap((pragma) => ['--sqlite-pragma', pragma]);
  const pairs = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  const dynamic = dynamicConfiguration.flatMap((setting) => ['--dynamic-config-value', setting]);
  const ui = uiPort === undefined ? ['--headless'] : await newerUiOptions(executable);
  return ['server', 'start-dev', ...pairs, ...dynamic, ...pragmas, ...ui];
};

/**
 * Waits until the server answers for its namespace.
 *
 * @param deadline by `performance.now()`, which nobody sets.
 * @returns undefined, or the last problem when the time is over.
 */
const waitUntilItAnswers = async (
  address: string,
  deadline: number,
  died: () => boolean,
): Promise<string | undefined> => {
  let problem = 'it did not answer';
  while (performance.now() < deadline && !died()) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 300 });
      try {
        await connection.withDeadline(Date.now() + 2_000, async () => {
          await connection.workflowService.describeNamespace({ namespace });
          await connection.operatorService.listSearchAttributes({ namespace });
        });
        return undefined;
      } finally {
        await connection.close();
      }
    } catch (error) {
      problem = errorText(error);
      await sleep(50);
    }
  }
  return problem;
};

/**
 * Starts Temporal's development server and makes its namespace ready: retention, search attributes.
 * It ends with this process, however that ends.
 *
 * @throws OperatorError (failed) when it dies or does not answer in time; the message carries its last lines.
 */
export const startTemporalServer = async (options: TemporalServerOptions): Promise<TemporalServer> => {
  const address = `${options.ip ?? '127.0.0.1'}:${options.port}`;
  for (const file of [options.databaseFile, options.logFile]) {
    if (file !== undefined) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  }
  const child = await startWatchedProcess(options.executable, await serverArguments(options), options.logFile);
  let exitCode: number | undefined;
  void child.ended.then((code) => (exitCode = code));
  const deadlineMs = options.deadlineMs ?? 30_000;
  const problem = await waitUntilItAnswers(address, performance.now() + deadlineMs, () => exitCode !== undefined);
  if (problem !== undefined) {
    await child.stop(1_000);
    const evidence = child.lastLines(5);
    // Its log may be on the full disk too, and then says nothing.
    if (options.databaseFile !== undefined && fullDisk(options.databaseFile) !== undefined) {
      requireRoom(options.databaseFile);
    }
    const what =
      exitCode === undefined ? `did not answer within ${deadlineMs / 1000} s` : `ended with exit code ${exitCode}`;
    throw new OperatorError('failed', `The Temporal server at ${address} ${what}: ${problem}`, {
      evidence,
      remedy: `Read its log ${options.logFile}.`,
    });
  }
  const connection = await Connection.connect({ address });
  try {
    await keepClosedWorkflows(connection, namespace, options.retentionDays ?? 30);
    await addSearchAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
  const { pid, ended, lastLines } = child;
  return { address, namespace, pid, ended, lastLines, stop: () => child.stop() };
};
